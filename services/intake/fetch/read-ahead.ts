/**
 * Resolves once so many bytes are there, or all of them: what is slow to come has held up nobody until then. The bytes go on
 * from their beginning.
 */
export async function readAhead(source: AsyncIterable<Uint8Array>, bytes: number): Promise<AsyncIterable<Uint8Array>> {
  const chunks = source[Symbol.asyncIterator]()
  const ahead: Uint8Array[] = []
  for (let size = 0; size < bytes; ) {
    const next = await chunks.next()
    if (next.done) break
    ahead.push(next.value)
    size += next.value.byteLength
  }

  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* ahead.splice(0)
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
    } finally {
      await chunks.return?.()
    }
  }
  return all()
}
