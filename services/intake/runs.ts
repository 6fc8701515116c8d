/** Listens to what becomes of runs: it ends their signals, and says whether a key's newest work is unfinished. */
import type { NamedEvent } from '../../schemas/codec.ts'
import type { BotId, JobTypeName, Key, RunId, RunState } from '../../schemas/words.ts'
import type { ReceivedEvent } from '../kit/bus/events.ts'
import type { EventConsumer, Kit } from '../kit/service.ts'
import type { Transaction } from '../kit/store/database.ts'
import { lockKeys } from './keys.ts'
import { type End, endSignals } from './signals.ts'

type RunEventName = 'run.queued' | 'run.started' | 'run.succeeded' | 'run.failed' | 'run.superseded' | 'run.cancelled'
type RunEvent = ReceivedEvent<RunEventName>
export type RunNews = Extract<NamedEvent, { name: RunEventName }>

export function runsConsumer({ outbox, point }: Pick<Kit, 'outbox' | 'point'>): EventConsumer {
  return {
    kind: 'events',
    group: 'intake-runs',
    topics: ['trainyard.runs'],
    gatherMs: 100,
    busyGatherMs: 500,
    async handle(transaction, events) {
      const news = events.filter(isOfRun)
      await lockKeys(transaction, await keysOf(transaction, news))
      await noteStates(transaction, news)
      await outbox.append(transaction, await endSignals(transaction, firstEnds(news)))
      await point('intake.signals.ended')
    },
  }
}

function isOfRun(event: ReceivedEvent): event is RunEvent {
  return event.name.startsWith('run.')
}

/** Pure: what an event means for the signals of its run; undefined: nothing yet. */
export function endOf(event: RunNews): Omit<End, 'request'> | undefined {
  const { run } = event.data
  const launched = { end: 'launched', run, reason: `${run} started` } as const
  switch (event.name) {
    case 'run.queued':
      return undefined
    case 'run.started':
    case 'run.succeeded':
      return launched
    case 'run.failed':
      if (event.data.startedAt !== null) return launched
      return { end: 'rejected', run, reason: `${run} ended before it started: ${event.data.reason}` }
    case 'run.superseded':
      if (event.data.wasRunning) return launched
      return {
        end: 'coalesced',
        run: event.data.by,
        reason: `${event.data.by} took the place of ${run} before it started`,
      }
    case 'run.cancelled':
      if (event.data.wasRunning) return launched
      return {
        end: 'rejected',
        run,
        reason: `${event.data.actor} cancelled ${run} before it started: ${event.data.reason}`,
      }
  }
}

/** The first event that ends anything ends it; what comes after it says nothing new. */
function firstEnds(news: readonly RunEvent[]): (End & { cause: RunEvent['cause'] })[] {
  const ends = new Map<RunId, End & { cause: RunEvent['cause'] }>()
  for (const event of news) {
    const end = endOf(event)
    if (end && !ends.has(event.data.run))
      ends.set(event.data.run, { ...end, request: event.data.run, cause: event.cause })
  }
  return [...ends.values()]
}

async function keysOf(transaction: Transaction, news: readonly RunEvent[]): Promise<Key[]> {
  const rows = await transaction.query<{ bot: BotId; job_type: JobTypeName }>(
    'select distinct bot, job_type from intake.requests where id = any($1)',
    [news.map(({ data }) => data.run)],
  )
  return rows.map((row) => ({ bot: row.bot, jobType: row.job_type }))
}

/** A state only goes forward, so news that is told again, or late, changes nothing. */
async function noteStates(transaction: Transaction, news: readonly RunEvent[]): Promise<void> {
  const states = furthestStates(news)
  await transaction.execute(
    `update intake.requests set run_state = given.state
       from unnest($1::text[], $2::text[]) as given (id, state)
      where requests.id = given.id and (run_state is null or run_state = 'queued' or (run_state = 'running' and given.state <> 'queued'))`,
    [[...states.keys()], [...states.values()]],
  )
}

/** Pure: how far each run has come; of two ends the first counts. */
function furthestStates(news: readonly RunEvent[]): Map<RunId, RunState> {
  const states = new Map<RunId, RunState>()
  for (const event of news) {
    const [before, state] = [states.get(event.data.run), stateOf(event)]
    if (before === undefined || stepOf(state) > stepOf(before)) states.set(event.data.run, state)
  }
  return states
}

function stepOf(state: RunState): number {
  return state === 'queued' ? 0 : state === 'running' ? 1 : 2
}

function stateOf(event: RunEvent): RunState {
  switch (event.name) {
    case 'run.queued':
      return 'queued'
    case 'run.started':
      return 'running'
    case 'run.succeeded':
      return 'succeeded'
    case 'run.failed':
      return 'failed'
    case 'run.superseded':
      return 'superseded'
    case 'run.cancelled':
      return 'cancelled'
  }
}
