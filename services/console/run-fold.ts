/**
 * What is known of a run, as a pure function of the *set* of events about it. Events of different topics arrive in any
 * order, and some of them twice; since the view is made anew from all of them, neither makes a difference.
 */
import type { EventData, EventName } from '../../schemas/catalogue.ts'
import type { ModelState, RunState } from '../../schemas/words.ts'
import { broken } from '../kit/errors.ts'
import { inStoryOrder } from './order.ts'
import type { RunView } from './run-view.ts'
import { momentOf, type Told } from './sentences.ts'

/** The events that make up a run. Signals do not: a run may answer ten thousand, and they change nothing about it. */
export type RunEventName = Exclude<EventName, 'signal.ended'>
export type RunEvent = Told<RunEventName> & { readonly id: string }

/** @param given at least one event, all of the same run */
export function foldRun(given: readonly RunEvent[]): RunView {
  const events = [...given].sort(inStoryOrder)
  const [first] = events
  const last = events.at(-1)
  if (first === undefined || last === undefined) throw broken('a run without events is no run')
  const { run, bot, jobType, generation } = first.data
  return {
    run,
    bot,
    jobType,
    generation,
    state: stateOf(events),
    begunAt: iso(momentOf(first)),
    lastAt: iso(momentOf(last)),
    request: requestOf(newest(events, 'training.requested')),
    queuedAt: isoOrNull(newest(events, 'run.queued')?.queuedAt),
    startedAt: isoOrNull(newest(events, 'run.started')?.startedAt),
    end: endOf(events),
    model: modelOf(events),
    evaluation: evaluationOf(newest(events, 'model.evaluated')),
    verdict: verdictOf(events),
    promotions: promotionsOf(events),
  }
}

function newest<N extends RunEventName>(events: readonly RunEvent[], name: N): EventData<N> | undefined {
  return events.findLast((event): event is RunEvent & Told<N> => event.name === name)?.data
}

const endStates: Partial<Record<EventName, RunState>> = {
  'run.succeeded': 'succeeded',
  'run.failed': 'failed',
  'run.superseded': 'superseded',
  'run.cancelled': 'cancelled',
}

/** Later events tell the state of a run whose own end has not arrived yet: only a run that succeeded has a model. */
function stateOf(events: readonly RunEvent[]): RunState {
  const end = events.map(({ name }) => endStates[name]).find((state) => state !== undefined)
  if (end !== undefined) return end
  if (events.some(({ name }) => name.startsWith('model.'))) return 'succeeded'
  return events.some(({ name }) => name === 'run.started') ? 'running' : 'queued'
}

function requestOf(data: EventData<'training.requested'> | undefined): RunView['request'] {
  if (data === undefined) return null
  const { digest, uri, trainRows, examRows, intents } = data.dataset
  return {
    requestedAt: iso(data.requestedAt),
    reason: data.reason,
    actor: data.actor,
    priority: data.priority,
    insisted: data.insisted,
    workIdentity: data.workIdentity,
    signals: data.signals,
    dataset: { digest, uri, trainRows, examRows, intents },
  }
}

type End = NonNullable<RunView['end']>
const silentEnd = { outcome: null, reason: null, attempts: null, actor: null, by: null } satisfies Partial<End>

function endOf(events: readonly RunEvent[]): RunView['end'] {
  for (const { name, data } of events) {
    switch (name) {
      case 'run.succeeded':
        return { ...silentEnd, endedAt: iso(data.endedAt), outcome: 'done', attempts: data.attempts.length }
      case 'run.failed': {
        const { outcome, reason, attempts } = data
        return { ...silentEnd, endedAt: iso(data.endedAt), outcome, reason, attempts: attempts.length }
      }
      case 'run.superseded':
        return { ...silentEnd, endedAt: iso(data.endedAt), by: data.by }
      case 'run.cancelled':
        return { ...silentEnd, endedAt: iso(data.endedAt), actor: data.actor, reason: data.reason }
    }
  }
  return null
}

function modelOf(events: readonly RunEvent[]): RunView['model'] {
  const source =
    newest(events, 'run.succeeded') ??
    newest(events, 'model.evaluated') ??
    newest(events, 'model.promoted') ??
    newest(events, 'model.ready')
  return source?.model ?? null
}

function evaluationOf(data: EventData<'model.evaluated'> | undefined): RunView['evaluation'] {
  if (data === undefined) return null
  return {
    evaluation: data.evaluation,
    evaluatedAt: iso(data.evaluatedAt),
    examRows: data.examRows,
    accuracy: data.accuracy,
    macroF1: data.macroF1,
    champion: data.champion && { run: data.champion.run, sequence: data.champion.sequence },
    difference: data.difference,
  }
}

type Verdict = NonNullable<RunView['verdict']>

/**
 * The last word on the model. Held is never the last word once there is another, whatever the clocks say. But the policy
 * judges again what was judged after the backup that the promoter was restored from: then its newer judgement counts.
 */
function verdictOf(events: readonly RunEvent[]): RunView['verdict'] {
  const words = events.map(verdictIn).filter((word) => word !== undefined)
  const judgement = words.findLast(isJudgement)
  const standing = words.filter((word) => word === judgement || !isJudgement(word))
  return (
    standing.findLast(({ state }) => state !== 'held') ?? standing.at(-1) ?? enforcedBy(newest(events, 'model.ready'))
  )
}

const isJudgement = ({ state, decidedBy }: Verdict): boolean => decidedBy === 'policy' && state !== 'overtaken'

/** Of a run that is older than the history, and put in force again, nothing else is known. */
function enforcedBy(data: EventData<'model.ready'> | undefined): Verdict | null {
  return data === undefined ? null : stated('promoted', { ...data, reasons: [data.reason] })
}

function verdictIn(event: RunEvent): Verdict | undefined {
  switch (event.name) {
    case 'model.promoted':
      return stated('promoted', event.data)
    case 'model.held':
      return stated('held', event.data)
    case 'model.rejected':
      return stated(event.data.decidedBy === 'limit' ? 'expired' : 'rejected', event.data)
    case 'model.overtaken': {
      const reasons = [`${event.data.by} was promoted`]
      return stated('overtaken', { ...event.data, decidedBy: 'policy', actor: null, reasons })
    }
    default:
      return undefined
  }
}

function stated(
  state: ModelState,
  data: { decidedAt: number; decidedBy: Verdict['decidedBy']; actor: string | null; reasons: string[] },
): Verdict {
  const { decidedBy, actor, reasons } = data
  return { state, decidedAt: iso(data.decidedAt), decidedBy, actor, reasons }
}

function promotionsOf(events: readonly RunEvent[]): number[] {
  const sequences = events.flatMap((event) =>
    event.name === 'model.ready' || event.name === 'model.promoted' ? [event.data.sequence] : [],
  )
  return [...new Set(sequences)].sort((one, other) => one - other)
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString()
const isoOrNull = (milliseconds: number | undefined) => (milliseconds === undefined ? null : iso(milliseconds))
