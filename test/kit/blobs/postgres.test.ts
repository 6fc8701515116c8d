import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { digestOf } from '../../../schemas/words.ts'
import { openPostgresBlobs } from '../../../services/kit/blobs/postgres.ts'
import { makeBlobSweeping } from '../../../services/kit/blobs/sweeping.ts'
import { unavailable } from '../../../services/kit/errors.ts'
import { systemRandom } from '../../../services/kit/random.ts'
import type { Database, Queryable } from '../../../services/kit/store/database.ts'
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

/** A database whose answers to statements that match are lost on the way: they have taken effect all the same. */
function losingAnswers(database: Database, to: RegExp): Database {
  const lose = <T>(text: string, answer: Promise<T>): Promise<T> =>
    answer.then((value) => {
      if (to.test(text)) throw unavailable('the connection is lost')
      return value
    })
  const queryable: Queryable = {
    query: (text, values) => lose(text, database.query(text, values)),
    execute: (text, values) => lose(text, database.execute(text, values)),
  }
  return { ...database, ...queryable }
}

test('a blob stays whole when the answer to its last statement is lost', async (t) => {
  const { database, blobs } = await openFor(t)
  const unlucky = openPostgresBlobs(losingAnswers(database, /insert into blobs.blobs/), systemRandom, 16 * mebibyte)
  const content = randomBytes(mebibyte + 5)
  await assert.rejects(unlucky.put(content), /the connection is lost/)
  const { digest } = await blobs.put(content)
  assert.ok((await blobs.read(digest)).equals(content))
})

test('what a killed process left of an upload is swept, and nothing of one that goes on, nor of a blob', async (t) => {
  const { database, blobs } = await openFor(t)
  const { digest } = await blobs.put(Buffer.from('kept'))
  for (const [text, minutes] of [
    ['long ago', 120],
    ['just now', 1],
  ])
    await database.execute(
      `with upload as (
         insert into blobs.uploads (upload, touched_at) values (gen_random_uuid(), now() - make_interval(mins => $2)) returning upload)
       insert into blobs.chunks (upload, start_byte, data) select upload, 0, convert_to($1, 'UTF8') from upload`,
      [text, minutes],
    )
  const sweeping = makeBlobSweeping(database)
  while ((await sweeping.work(new AbortController().signal)) === 0);
  const left = await database.query<{ data: Buffer }>('select data from blobs.chunks order by data')
  assert.deepEqual(
    left.map(({ data }) => String(data)),
    ['just now', 'kept'],
  )
  assert.equal(String(await blobs.read(digest)), 'kept')
})

test('an upload that was swept while it stood still is refused, and leaves nothing behind', async (t) => {
  const { database, blobs } = await openFor(t)
  const slow = async function* () {
    yield randomBytes(mebibyte)
    await database.execute(`update blobs.uploads set touched_at = now() - interval '2 hours'`)
    await makeBlobSweeping(database).work(new AbortController().signal)
    yield randomBytes(mebibyte)
  }
  await assert.rejects(blobs.put(slow()), { code: 'unavailable', message: /was given up/ })
  assert.deepEqual(await database.query('select count(*) from blobs.chunks'), [{ count: 0 }])
})
