/** The frame that Confluent's serialisers put around Avro: the byte 0, the schema's id as int32 big-endian, then the bytes. */

const magic = 0
const headBytes = 5

export type Framed = { readonly schemaId: number; readonly body: Buffer }

export function frame(schemaId: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUInt8(magic, 0)
  head.writeInt32BE(schemaId, 1)
  return Buffer.concat([head, body])
}

/** Undefined when the bytes are not framed so. */
export function unframe(bytes: Uint8Array): Framed | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < headBytes || buffer[0] !== magic) return undefined
  return { schemaId: buffer.readInt32BE(1), body: buffer.subarray(headBytes) }
}

/** No text and no JSON begins so. */
export function looksFramed(bytes: Uint8Array): boolean {
  return bytes[0] === magic
}

export const frameProblem = 'expected the byte 0 and a schema id of four bytes at the start'
