/** Cuts a stream of Kafka's messages, each with its length before it, into whole ones; what is left waits for more. */
export function makeFrames(): (chunk: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const frames: Buffer[] = []
    for (let length = nextLength(rest); length !== undefined; length = nextLength(rest)) {
      frames.push(rest.subarray(0, length))
      rest = rest.subarray(length)
    }
    return frames
  }
}

function nextLength(bytes: Buffer): number | undefined {
  if (bytes.length < 4) return undefined
  const length = 4 + bytes.readInt32BE()
  return length <= bytes.length ? length : undefined
}

export const requestOf = (frame: Buffer) => ({ api: frame.readInt16BE(4), correlation: frame.readInt32BE(8) })
export const correlationOf = (reply: Buffer) => reply.readInt32BE(4)
