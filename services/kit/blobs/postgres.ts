import { createHash } from 'node:crypto'
import type { Digest } from '../../../schemas/words.ts'
import { digestOf } from '../../../schemas/words.ts'
import { badInput, notFound, tooLarge, unavailable } from '../errors.ts'
import type { Random } from '../random.ts'
import type { Database, Queryable } from '../store/database.ts'
import type { Blobs } from './blobs.ts'

const chunkBytes = 1024 * 1024
const defaultReadBytes = 64 * 1024 * 1024

/**
 * Blobs in PostgreSQL, in chunks of 1 MiB. Works with any number of replicas and needs nothing else; made for blobs up
 * to `maximumBytes`, beyond which an object store is the better home.
 *
 * Invariant: chunks belong to an upload, which has a row, or to a blob, which has one; the change from the one to the
 * other is one statement. So whoever gives an upload up, or sweeps one that nobody goes on with, never takes the chunks
 * of a blob, not even where the answer to that statement was lost.
 */
export function openPostgresBlobs(database: Database, random: Random, maximumBytes: number): Blobs {
  async function addChunk(upload: string, startByte: number, data: Buffer): Promise<void> {
    const added = await database.execute(
      `with going_on as (update blobs.uploads set touched_at = now() where upload = $1 returning upload)
       insert into blobs.chunks (upload, start_byte, data) select upload, $2, $3 from going_on`,
      [upload, startByte, data],
    )
    if (added === 0) throw swept()
  }

  async function complete(upload: string, digest: Digest, bytes: number): Promise<void> {
    const [upshot] = await database.query<{ ended: number }>(
      `with ended as (delete from blobs.uploads where upload = $1 returning upload),
            stored as (
              insert into blobs.blobs (digest, upload, bytes) select $2, upload, $3 from ended
              on conflict (digest) do nothing returning upload),
            spare as (
              delete from blobs.chunks using ended where chunks.upload = ended.upload and not exists (select from stored))
       select count(*) as ended from ended`,
      [upload, digest, bytes],
    )
    if (upshot?.ended === 0) throw swept()
  }

  return {
    ...stored(database),
    within: stored,

    async put(content, options = {}) {
      const limit = Math.min(options.maximumBytes ?? maximumBytes, maximumBytes)
      if (content instanceof Uint8Array) {
        const digest = digestOf(content)
        refuse(options.expected, digest)
        if (await blobOf(database, digest)) return { digest, bytes: content.byteLength }
      }
      const upload = random.uuid()
      const hash = createHash('sha256')
      let bytes = 0
      await database.execute('insert into blobs.uploads (upload) values ($1)', [upload])
      try {
        for await (const chunk of chunksOf(content)) {
          if (bytes + chunk.byteLength > limit)
            throw tooLarge(`more than ${limit} bytes`, { details: { limitBytes: limit } })
          hash.update(chunk)
          await addChunk(upload, bytes, chunk)
          bytes += chunk.byteLength
        }
        const digest = `sha256:${hash.digest('hex')}` as Digest
        refuse(options.expected, digest)
        await complete(upload, digest, bytes)
        return { digest, bytes }
      } catch (error) {
        await giveUp(database, upload).catch(() => {})
        throw error
      }
    },
  }
}

async function blobOf(database: Queryable, digest: Digest): Promise<{ bytes: number; upload: string } | undefined> {
  const [blob] = await database.query<{ bytes: number; upload: string }>(
    'select bytes, upload from blobs.blobs where digest = $1',
    [digest],
  )
  return blob
}

/** What can be asked of them on any connection. */
function stored(database: Queryable): Pick<Blobs, 'get' | 'read' | 'size' | 'remove'> {
  const blobs: ReturnType<typeof stored> = {
    async *get(digest, range) {
      const blob = await blobOf(database, digest)
      if (!blob) throw notFound(`there is no blob ${digest}`)
      const start = Math.max(0, range?.start ?? 0)
      const end = Math.min(blob.bytes, range?.end ?? blob.bytes)
      for (let at = start - (start % chunkBytes); at < end; at += chunkBytes) {
        const rows = await database.query<{ data: Buffer }>(
          'select data from blobs.chunks where upload = $1 and start_byte = $2',
          [blob.upload, at],
        )
        const chunk = rows[0]
        if (!chunk) throw notFound(`the blob ${digest} was removed while it was read`)
        yield chunk.data.subarray(Math.max(0, start - at), Math.min(chunk.data.byteLength, end - at))
      }
    },

    async read(digest, options = {}) {
      const limit = options.maximumBytes ?? defaultReadBytes
      const parts: Uint8Array[] = []
      let bytes = 0
      for await (const part of blobs.get(digest)) {
        bytes += part.byteLength
        if (bytes > limit) throw tooLarge(`the blob ${digest} has more than ${limit} bytes`)
        parts.push(part)
      }
      return Buffer.concat(parts)
    },

    size: async (digest) => (await blobOf(database, digest))?.bytes,

    async remove(digests) {
      await database.execute(
        `with gone as (delete from blobs.blobs where digest = any($1) returning upload)
         delete from blobs.chunks using gone where chunks.upload = gone.upload`,
        [digests],
      )
    },
  }
  return blobs
}

function refuse(expected: Digest | undefined, digest: Digest): void {
  if (expected !== undefined && expected !== digest) {
    throw badInput(`the bytes have the digest ${digest}, not ${expected}`, { details: { digest, expected } })
  }
}

function swept() {
  return unavailable('the upload stood still for too long and was given up', { hint: 'Send it again.' })
}

/** Nothing of an upload that has become a blob meanwhile is taken. */
async function giveUp(database: Queryable, upload: string): Promise<void> {
  await database.execute(
    `with given_up as (delete from blobs.uploads where upload = $1 returning upload)
     delete from blobs.chunks using given_up where chunks.upload = given_up.upload`,
    [upload],
  )
}

/** Regroups pieces of any size into chunks of exactly `chunkBytes` (the last one may be shorter), so that a range finds its chunk by arithmetic. */
async function* chunksOf(content: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const pieces = content instanceof Uint8Array ? [content] : content
  let waiting: Uint8Array[] = []
  let bytes = 0
  for await (const piece of pieces) {
    let rest = piece
    while (bytes + rest.byteLength >= chunkBytes) {
      const taken = rest.subarray(0, chunkBytes - bytes)
      yield Buffer.concat([...waiting, taken])
      rest = rest.subarray(taken.byteLength)
      waiting = []
      bytes = 0
    }
    if (rest.byteLength > 0) {
      waiting.push(rest)
      bytes += rest.byteLength
    }
  }
  if (bytes > 0) yield Buffer.concat(waiting)
}
