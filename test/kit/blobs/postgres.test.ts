import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { digestOf } from '../../../schemas/words.ts'
import { openPostgresBlobs } from '../../../services/kit/blobs/postgres.ts'
import { systemRandom } from '../../../services/kit/random.ts'
import { testDatabase } from '../../harness/database.ts'

const mebibyte = 1024 * 1024

async function openFor(t: TestContext) {
  const database = await testDatabase(t, [])
  return { database, blobs: openPostgresBlobs(database, systemRandom, 16 * mebibyte) }
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

test('what goes in comes out, whole and by range, whatever the sizes of the pieces', async (t) => {
  const { blobs } = await openFor(t)
  for (const [bytes, piece] of [
    [0, 1],
    [1, 1],
    [mebibyte, 300_000],
    [mebibyte + 1, mebibyte],
    [3 * mebibyte - 7, 65_536],
    [2 * mebibyte, 5 * mebibyte],
  ] as const) {
    const content = randomBytes(bytes)
    const stored = await blobs.put(inPieces(content, piece))
    assert.deepEqual(stored, { digest: digestOf(content), bytes })
    assert.ok((await blobs.read(stored.digest)).equals(content))
    for (const [start, end] of [
      [0, 1],
      [mebibyte - 1, mebibyte + 1],
      [5, bytes],
      [bytes, bytes + 10],
    ] as const) {
      const got = await collect(blobs.get(stored.digest, { start, end }))
      assert.ok(got.equals(content.subarray(start, end)), `${start}..${end} of ${bytes}`)
    }
  }
})

test('the same bytes stored many times at once are stored once', async (t) => {
  const { database, blobs } = await openFor(t)
  const content = randomBytes(mebibyte + 5)
  await Promise.all([1, 2, 3, 4, 5].map(() => blobs.put(inPieces(content, 100_000))))
  assert.deepEqual(await database.query('select count(*) from blobs.blobs'), [{ count: 1 }])
  assert.deepEqual(await database.query('select count(*) from blobs.chunks'), [{ count: 2 }])
})

test('bytes that are too many, or not those that were announced, leave nothing behind', async (t) => {
  const { database, blobs } = await openFor(t)
  const content = randomBytes(2 * mebibyte)
  await assert.rejects(blobs.put(inPieces(content, 65_536), { maximumBytes: mebibyte }), /more than 1048576 bytes/)
  await assert.rejects(blobs.put(inPieces(content, 65_536), { expected: digestOf('other') }), /not sha256:/)
  await assert.rejects(blobs.put(content, { expected: digestOf('other') }), /not sha256:/)
  assert.deepEqual(await database.query('select count(*) from blobs.chunks'), [{ count: 0 }])
})

test('a removed blob is gone, and says so', async (t) => {
  const { database, blobs } = await openFor(t)
  const { digest } = await blobs.put(Buffer.from('short-lived'))
  await blobs.remove([digest])
  assert.equal(await blobs.size(digest), undefined)
  await assert.rejects(blobs.read(digest), /there is no blob/)
  assert.deepEqual(await database.query('select count(*) from blobs.chunks'), [{ count: 0 }])
})
