/**
 * Keeps the history in bounds, in small batches: a run goes whole, with its events, when for the whole time nothing has
 * happened to it, nor anything that names it, as a change of champion names the one before; a champion's run stays as long
 * as it is in force. Signals of no kept run, and dead letters, go by age.
 */
import type { Transaction } from '../kit/store/database.ts'
import { reservePositions } from './history.ts'

const rowsAtOnce = 1_000

/** Removes one batch of each kind. @returns whether there may be more to remove */
export async function forgetOld(transaction: Transaction, days: number): Promise<boolean> {
  // No event may bring a run back while its row and its events go one after the other.
  await reservePositions(transaction, 0)
  const runs = await transaction.execute(
    `delete from console.runs where run in (
       select run from console.runs old where last_at < now() - make_interval(days => $1)
          and not exists (select from console.champions champion where champion.run = old.run)
          and not exists (select from console.events named
                           where named.other_run = old.run and named.time >= now() - make_interval(days => $1))
        order by last_at limit $2)`,
    [days, rowsAtOnce],
  )
  const events = await transaction.execute(
    `delete from console.events where position in (
       select position from console.events old where time < now() - make_interval(days => $1)
          and not exists (select from console.runs kept where kept.run = old.run)
        order by time limit $2)`,
    [days, rowsAtOnce],
  )
  const deadLetters = await transaction.execute(
    `delete from console.dead_letters where id in (
       select id from console.dead_letters where dead_lettered_at < now() - make_interval(days => $1)
        order by dead_lettered_at limit $2)`,
    [days, rowsAtOnce],
  )
  return [runs, events, deadLetters].some((count) => count === rowsAtOnce)
}
