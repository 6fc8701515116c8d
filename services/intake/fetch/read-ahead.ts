export type Ahead = {
  /** All bytes, from the beginning. */
  bytes(): AsyncGenerator<Uint8Array>
  /** Lets the source go, also where nobody has asked for its bytes. */
  close(): Promise<void>
}

/** Resolves once so many bytes are there, or all of them: what is slow to come has held up nobody until then. */
export async function readAhead(source: AsyncIterable<Uint8Array>, bytes: number): Promise<Ahead> {
  const chunks = source[Symbol.asyncIterator]()
  const ahead: Uint8Array[] = []
  for (let size = 0; size < bytes; ) {
    const next = await chunks.next()
    if (next.done) break
    ahead.push(next.value)
    size += next.value.byteLength
  }
  return {
    async *bytes() {
      yield* ahead.splice(0)
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
    },
    async close() {
      await chunks.return?.()
    },
  }
}
