/** Bytes of an attempt, in and out: it may fetch what it was told of, and store what it has made. */

import type { StoredFile } from '../../../schemas/files.ts'
import type { BlobResponse } from '../../../schemas/run-api.ts'
import type { AttemptName, Digest } from '../../../schemas/words.ts'
import { gone, notFound, tooLarge } from '../../kit/errors.ts'
import { announceUpload } from '../leftovers.ts'
import type { LauncherKit } from '../points.ts'
import { refusal } from './access.ts'

/** All that one attempt may store, as a multiple of the largest single file. */
const filesOfLargestSize = 4

/** Bytes that an attempt is told of, and whether they outlive its run because others need them too. */
interface Told extends Omit<StoredFile, 'path'> {
  readonly kept: boolean
}
export const kept = ({ digest, bytes }: Omit<StoredFile, 'path'>): Told => ({ digest, bytes, kept: true })
export const notKept = ({ digest, bytes }: Omit<StoredFile, 'path'>): Told => ({ digest, bytes, kept: false })

/** Only what an attempt was told of may it fetch. */
export async function tellOf({ database }: LauncherKit, attempt: AttemptName, told: readonly Told[]): Promise<void> {
  // What is kept comes last, and so wins where two files hold the same bytes.
  const sorted = [...told].sort((one, other) => Number(one.kept) - Number(other.kept))
  const distinct = [...new Map(sorted.map((file) => [file.digest, file])).values()]
  await database.execute(
    `insert into launcher.attempt_blobs as b (attempt, digest, bytes, stored, kept)
     select $1, digest, bytes, true, kept from unnest($2::text[], $3::bigint[], $4::boolean[]) as told (digest, bytes, kept)
     on conflict (attempt, digest) do update set kept = b.kept or excluded.kept, stored = true`,
    [
      attempt,
      distinct.map(({ digest }) => digest),
      distinct.map(({ bytes }) => bytes),
      distinct.map((file) => file.kept),
    ],
  )
}

/** @throws notFound also for bytes that exist and are none of its business, gone when the attempt has ended (D10) */
export async function sizeOfTold({ database }: LauncherKit, attempt: AttemptName, digest: Digest): Promise<number> {
  const rows = await database.query<{ bytes: number; has_ended: boolean }>(
    `select b.bytes, a.state = 'ended' as has_ended
       from launcher.attempt_blobs b join launcher.attempts a using (attempt)
      where attempt = $1 and digest = $2 and stored`,
    [attempt, digest],
  )
  const row = rows[0]
  if (!row) throw notFound(`${attempt} was not told of a blob ${digest}`)
  if (row.has_ended) throw gone(`${attempt} has ended, and what it was told of is none of its business any more`)
  return row.bytes
}

export async function storeUpload(
  { database, blobs, environment }: LauncherKit,
  attempt: AttemptName,
  runner: string,
  digest: Digest,
  content: AsyncIterable<Uint8Array>,
): Promise<BlobResponse> {
  const left = filesOfLargestSize * environment.blobLimitBytes - (await storedBytes(database, attempt, runner))
  if (left <= 0) throw tooLarge(`${attempt} has stored as much as one attempt may`)
  await announceUpload(database, attempt, digest)
  const stored = await blobs.put(content, { expected: digest, maximumBytes: left })
  await database.execute(
    'update launcher.attempt_blobs set stored = true, bytes = $3 where attempt = $1 and digest = $2',
    [attempt, digest, stored.bytes],
  )
  return stored
}

/** @throws unless this runner has claimed the attempt and it has not ended */
async function storedBytes(database: LauncherKit['database'], attempt: AttemptName, runner: string): Promise<number> {
  const rows = await database.query<{ bytes: number }>(
    `select (select coalesce(sum(bytes), 0) from launcher.attempt_blobs b where b.attempt = a.attempt and b.uploaded) as bytes
       from launcher.attempts a where attempt = $1 and runner = $2 and state = 'claimed'`,
    [attempt, runner],
  )
  const row = rows[0]
  if (!row) throw await refusal(database, attempt, runner)
  return row.bytes
}

/** Those of the digests that this attempt has neither stored nor been told of. */
export async function missingBlobs(
  database: LauncherKit['database'],
  attempt: AttemptName,
  digests: readonly Digest[],
): Promise<Digest[]> {
  const rows = await database.query<{ digest: Digest }>(
    `select digest from unnest($2::text[]) as digest where digest not in (
       select digest from launcher.attempt_blobs where attempt = $1 and stored)`,
    [attempt, digests],
  )
  return rows.map(({ digest }) => digest)
}
