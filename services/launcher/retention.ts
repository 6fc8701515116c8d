/** Logs, and verdicts on runs that never came, are kept as long as the history; attempts and results stay, they are small. */
import type { Database } from '../kit/store/database.ts'

const batchSize = 1_000

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
