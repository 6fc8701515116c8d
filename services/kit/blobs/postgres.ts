import { createHash } from 'node:crypto'
import type { Digest } from '../../../schemas/words.ts'
import { digestOf } from '../../../schemas/words.ts'
import { badInput, notFound, tooLarge } from '../errors.ts'
import type { Random } from '../random.ts'
import type { Database } from '../store/database.ts'
import type { Blobs } from './blobs.ts'

const chunkBytes = 1024 * 1024
const defaultReadBytes = 64 * 1024 * 1024

/**
 * Blobs in PostgreSQL, in chunks of 1 MiB. Works with any number of replicas and needs nothing else; made for blobs up
 * to `maximumBytes`, beyond which an object store is the better home.
 */
export function openPostgresBlobs(database: Database, random: Random, maximumBytes: number): Blobs {
  const sizeOf = async (digest: Digest) =>
    (
      await database.query<{ bytes: number; upload: string }>(
        'select bytes, upload from blobs.blobs where digest = $1',
        [digest],
      )
    )[0]

  const blobs: Blobs = {
    async put(content, options = {}) {
      const limit = Math.min(options.maximumBytes ?? maximumBytes, maximumBytes)
      if (content instanceof Uint8Array) {
        const digest = digestOf(content)
        refuse(options.expected, digest)
        if (await sizeOf(digest)) return { digest, bytes: content.byteLength }
      }
      const upload = random.uuid()
      const hash = createHash('sha256')
      let bytes = 0
      try {
        for await (const chunk of chunksOf(content)) {
          if (bytes + chunk.byteLength > limit)
            throw tooLarge(`more than ${limit} bytes`, { details: { limitBytes: limit } })
          hash.update(chunk)
          await database.execute('insert into blobs.chunks (upload, start_byte, data) values ($1, $2, $3)', [
            upload,
            bytes,
            chunk,
          ])
          bytes += chunk.byteLength
        }
        const digest = `sha256:${hash.digest('hex')}` as Digest
        refuse(options.expected, digest)
        const stored = await database.execute(
          'insert into blobs.blobs (digest, upload, bytes) values ($1, $2, $3) on conflict (digest) do nothing',
          [digest, upload, bytes],
        )
        if (stored === 0) await forget(database, [upload])
        return { digest, bytes }
      } catch (error) {
        await forget(database, [upload]).catch(() => {})
        throw error
      }
    },

    async *get(digest, range) {
      const blob = await sizeOf(digest)
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

    size: async (digest) => (await sizeOf(digest))?.bytes,

    async remove(digests) {
      const rows = await database.query<{ upload: string }>(
        'delete from blobs.blobs where digest = any($1) returning upload',
        [digests],
      )
      await forget(
        database,
        rows.map((row) => row.upload),
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

async function forget(database: Database, uploads: readonly string[]): Promise<void> {
  await database.execute('delete from blobs.chunks where upload = any($1::uuid[])', [uploads])
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
