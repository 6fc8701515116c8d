/** Splits bytes into lines of text as they come, so that a large blob is never held whole. */
import { badInput } from '../kit/errors.ts'

/** @throws badInput when a line is longer than the limit or is not UTF-8; the message gives its number */
export async function* textLines(content: AsyncIterable<Uint8Array>, maximumLineBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest: Buffer = Buffer.alloc(0)
  let number = 0

  function decode(line: Buffer): string {
    number += 1
    if (line.byteLength > maximumLineBytes) throw badInput(`line ${number}: longer than ${maximumLineBytes} bytes`)
    try {
      return decoder.decode(line)
    } catch {
      throw badInput(`line ${number}: not UTF-8`)
    }
  }

  for await (const piece of content) {
    const bytes =
      rest.byteLength === 0
        ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
        : Buffer.concat([rest, piece])
    let start = 0
    for (let end = bytes.indexOf(10, start); end !== -1; end = bytes.indexOf(10, start)) {
      yield decode(bytes.subarray(start, end))
      start = end + 1
    }
    rest = bytes.subarray(start)
    if (rest.byteLength > maximumLineBytes) decode(rest)
  }
  if (rest.byteLength > 0) yield decode(rest)
}
