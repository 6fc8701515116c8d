/**
 * The history: an append-only table of every event, and the read models made from it.
 *
 * Invariants:
 * - an event is in the history once, whatever is delivered twice, and so is a change of champion, however often it is said;
 * - the row of `console.head` is locked from the first write to the commit, so positions become visible in order: a
 *   reader that goes on from the last position that it saw misses nothing;
 * - a read model is a function of the set of events, so it does not matter in which order they arrived.
 */
import type { ReceivedEvent } from '../kit/bus/events.ts'
import type { Queryable, Transaction } from '../kit/store/database.ts'
import { projectChampions } from './champions.ts'
import { projectRuns } from './runs.ts'
import { otherRunOf, type Told } from './sentences.ts'
import { whereOf } from './where.ts'

/** Adds what is new and brings the read models up to date. @returns the events that were new */
export async function record(transaction: Transaction, given: readonly ReceivedEvent[]): Promise<ReceivedEvent[]> {
  const distinct = new Map(given.map((event) => [identityOf(event), event])).values()
  const byId = new Map([...distinct].map((event) => [event.id, event]))
  const firstPosition = (await reservePositions(transaction, byId.size)) + 1
  const added = await transaction.query<{ id: string }>(
    `insert into console.events (position, id, type, bot, job_type, run, other_run, signal, time, cause, chain, data)
     select position, id, type, bot, job_type, run, other_run, signal, time, cause, chain, data
       from jsonb_to_recordset($1) as given (position bigint, id text, type text, bot text, job_type text, run text,
            other_run text, signal text, time timestamptz, cause text, chain text, data jsonb)
      where type <> 'model.ready' or not exists (
        select from console.events known
         where known.type = 'model.ready' and known.bot = given.bot and known.job_type = given.job_type and known.run = given.run
           and (known.data ->> 'sequence')::bigint = (given.data ->> 'sequence')::bigint)
      order by position
     on conflict (id) do nothing
     returning id`,
    [JSON.stringify([...byId.values()].map((event, index) => rowOf(event, firstPosition + index)))],
  )
  const fresh = added.map(({ id }) => byId.get(id)).filter((event) => event !== undefined)
  await projectRuns(transaction, fresh)
  await projectChampions(transaction, fresh)
  return fresh
}

/** A change of champion is said anew, as another event, to a topic that has lost it. */
function identityOf({ id, name, data }: ReceivedEvent): string {
  return name === 'model.ready' ? JSON.stringify([data.bot, data.jobType, data.sequence, data.run]) : id
}

/** Makes the transaction the one writer of the history until it ends. @returns the last position given out before */
export async function reservePositions(transaction: Transaction, count: number): Promise<number> {
  const [head] = await transaction.query<{ position: number }>(
    'update console.head set position = position + $1 returning position',
    [count],
  )
  return (head?.position ?? 0) - count
}

function rowOf(event: ReceivedEvent, position: number) {
  const { id, name, time, causationId, cause, data } = event
  return {
    position,
    id,
    type: name,
    bot: data.bot,
    job_type: data.jobType,
    run: data.run,
    other_run: otherRunOf(event),
    signal: event.name === 'signal.ended' ? event.data.signal : null,
    time,
    cause: causationId,
    chain: cause.correlationId,
    data,
  }
}

/** An event as it lies in the history. */
export type HistoricEvent = Told & { readonly id: string; readonly position: number; readonly time: Date }

export interface HistoryFilter {
  readonly bot?: string | undefined
  readonly run?: string | undefined
}

/** What came after a position, in order. */
export async function readHistory(
  database: Queryable,
  after: number,
  filter: HistoryFilter,
  limit: number,
): Promise<HistoricEvent[]> {
  const { where, values } = whereOf([
    ['position > ?', after],
    ['bot = ?', filter.bot],
    ['run = ?', filter.run],
  ])
  return database.query<HistoricEvent>(
    `select position, id, type as name, time, data from console.events
      ${where} order by position limit $${values.length + 1}`,
    [...values, limit],
  )
}

/** The last position that readers can see. */
export async function headOf(database: Queryable): Promise<number> {
  const [head] = await database.query<{ position: number }>('select position from console.head')
  return head?.position ?? 0
}
