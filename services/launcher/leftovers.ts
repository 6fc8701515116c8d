/**
 * What a run has stored and nobody needs any more goes at its end: checkpoints, models that were never committed, answers
 * that were refused.
 *
 * Blobs are shared by their digest, so two attempts may have stored the same bytes. An upload is announced (a row) before
 * its bytes are stored, and a blob goes only when the last row that names it goes; both happen behind a lock on the digest.
 * So whoever announces first keeps the bytes, and whoever announces later stores them anew. Only what an attempt has
 * really stored can go: naming a digest is not having its bytes.
 */

import { type AttemptName, type Digest, digestOf, type RunId } from '../../schemas/words.ts'
import type { Blobs } from '../kit/blobs/blobs.ts'
import type { Database, Queryable } from '../kit/store/database.ts'

/** Each digest takes an entry of PostgreSQL's lock table, which is shared by all. */
const batchSize = 200
/** Nobody's in particular: many have an empty file. */
const emptyBlob = digestOf('')

export async function announceUpload(database: Queryable, attempt: AttemptName, digest: Digest): Promise<void> {
  await database.execute(
    `insert into launcher.attempt_blobs (attempt, digest, stored, kept, uploaded)
     select $1, $2, false, false, true from (select pg_advisory_xact_lock_shared(hashtextextended($2, 0)) as held) as lock
      where held is not null
     on conflict do nothing`,
    [attempt, digest],
  )
}

/** Once the run has ended and none of its attempts goes on. */
export async function clearLeftovers(
  { database, blobs }: { readonly database: Database; readonly blobs: Blobs },
  run: RunId,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const rows = await transaction.query<{ digest: Digest }>(
      `select distinct b.digest from launcher.attempt_blobs b join launcher.attempts a on a.attempt = b.attempt
        where a.run = $1 and not b.kept order by b.digest limit $2`,
      [run, batchSize],
    )
    const digests = rows.map(({ digest }) => digest)
    await transaction.query(
      'select pg_advisory_xact_lock(hashtextextended(digest, 0)) from unnest($1::text[]) as digest',
      [digests],
    )
    const orphans = await transaction.query<{ digest: Digest }>(
      `with gone as (
         delete from launcher.attempt_blobs b using launcher.attempts a
          where a.attempt = b.attempt and a.run = $1 and not b.kept and b.digest = any($2)
          returning b.attempt, b.digest, b.stored
       )
       select distinct digest from gone where stored and digest <> $3 and not exists (
         select from launcher.attempt_blobs other where other.digest = gone.digest
            and (other.attempt, other.digest) not in (select attempt, digest from gone))`,
      [run, digests, emptyBlob],
    )
    if (orphans.length > 0) await blobs.within(transaction).remove(orphans.map(({ digest }) => digest))
  })
}
