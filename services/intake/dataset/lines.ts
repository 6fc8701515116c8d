const newline = 0x0a

/** Cuts a stream of bytes into lines, without their ends. The last line needs no end. */
export function lineSplitter(onLine: (line: Buffer) => void): { add(chunk: Uint8Array): void; end(): void } {
  let begun: Buffer[] = []

  return {
    add(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      let start = 0
      for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, start)) {
        const rest = bytes.subarray(start, at)
        onLine(begun.length === 0 ? rest : Buffer.concat([...begun, rest]))
        begun = []
        start = at + 1
      }
      if (start < bytes.byteLength) begun.push(bytes.subarray(start))
    },
    end() {
      if (begun.length > 0) onLine(Buffer.concat(begun))
      begun = []
    },
  }
}
