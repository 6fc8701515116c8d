import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAhead } from '../../../services/intake/fetch/read-ahead.ts'

/** A source that tells how many chunks were asked of it, and whether it was let go. */
function counting(chunks: number) {
  const seen = { asked: 0, closed: false }
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (let index = 0; index < chunks; index += 1) {
        seen.asked += 1
        yield Uint8Array.of(index, index)
      }
    } finally {
      seen.closed = true
    }
  }
  return { source: source(), seen }
}

async function all(bytes: AsyncIterable<Uint8Array>): Promise<number[]> {
  const parts: number[] = []
  for await (const chunk of bytes) parts.push(...chunk)
  return parts
}

test('so many bytes are read ahead, and all of them are given, from the beginning', async () => {
  const { source, seen } = counting(4)
  const ahead = await readAhead(source, 3)
  assert.equal(seen.asked, 2)
  assert.deepEqual(await all(ahead.bytes()), [0, 0, 1, 1, 2, 2, 3, 3])
})

test('a source that is shorter is read to its end', async () => {
  const { source, seen } = counting(1)
  const ahead = await readAhead(source, 100)
  assert.ok(seen.closed)
  assert.deepEqual(await all(ahead.bytes()), [0, 0])
})

test('a source is let go where nobody has asked for its bytes, and where they were not taken to their end', async () => {
  const unread = counting(4)
  await (await readAhead(unread.source, 3)).close()
  assert.ok(unread.seen.closed)

  const left = counting(4)
  const ahead = await readAhead(left.source, 3)
  for await (const _ of ahead.bytes()) break
  await ahead.close()
  assert.ok(left.seen.closed)
})
