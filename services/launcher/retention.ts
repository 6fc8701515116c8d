/**
 * Logs, and verdicts on runs that never came, are kept as long as the history. A model that will never be in force is kept
 * for a time of its own. Attempts and answers stay, they are small; a model that was ever in force stays, since one can roll
 * back to it, and so does one that is held.
 */
import type { RunId } from '../../schemas/words.ts'
import type { Database } from '../kit/store/database.ts'

const batchSize = 1_000
const modelsAtOnce = 20

/** @returns whether there may be more to forget */
export async function forgetOld(database: Database, days: number): Promise<boolean> {
  await database.execute('delete from launcher.early_verdicts where heard_at < now() - make_interval(days => $1)', [
    days,
  ])
  const forgotten = await database.execute(
    `delete from launcher.log_chunks where (attempt, start_byte) in (
       select c.attempt, c.start_byte
         from launcher.runs r
         join launcher.attempts a on a.run = r.run
         join launcher.log_chunks c on c.attempt = a.attempt
        where r.ended_at < now() - make_interval(days => $1) limit $2)`,
    [days, batchSize],
  )
  return forgotten === batchSize
}

/**
 * Gives up the files of models that were spent so long ago. From here on they are leftovers of their runs, and go as those do:
 * with the last who names the same bytes.
 * @returns the runs, to be looked at now
 */
export async function forgetModels(database: Database, days: number): Promise<RunId[]> {
  const rows = await database.query<{ run: RunId }>(
    `with spent as (
       update launcher.runs set spent_at = null, look_at = now()
        where run in (
          select run from launcher.runs where spent_at < now() - make_interval(days => $1)
           order by run limit $2 for update skip locked)
       returning run, dataset
     ), given_up as (
       -- A program may have put a copy of its data into its model: that is the dataset's, and stays.
       update launcher.attempt_blobs b set kept = false from spent s join launcher.attempts a on a.run = s.run
        where b.attempt = a.attempt and a.kind = 'train' and a.outcome = 'done'
          and (b.digest = a.model or a.model_files ? b.digest)
          and b.digest not in (a.answers, s.dataset ->> 'train', s.dataset ->> 'examTexts', s.dataset ->> 'examLabels')
     )
     select run from spent`,
    [days, modelsAtOnce],
  )
  return rows.map(({ run }) => run)
}
