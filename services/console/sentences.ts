/**
 * What happened, in sentences: one for each type of event, with its numbers. Pure, so that the same history reads the
 * same wherever it is shown: in a run's story, in a bot's, in the stream.
 */
import type { EventData, EventName } from '../../schemas/catalogue.ts'
import type { RunId, SignalEnd } from '../../schemas/words.ts'
import { counted, duration, percent, points, shortDigest } from '../kit/figures.ts'

/** An event with its data, narrowed by its name. */
export type Told<N extends EventName = EventName> = { [Name in N]: { name: Name; data: EventData<Name> } }[N]

type OfEach<T> = { readonly [N in EventName]: (data: EventData<N>) => T }

const moments: OfEach<number> = {
  'signal.ended': (data) => data.receivedAt,
  'training.requested': (data) => data.requestedAt,
  'run.queued': (data) => data.queuedAt,
  'run.started': (data) => data.startedAt,
  'run.succeeded': (data) => data.endedAt,
  'run.failed': (data) => data.endedAt,
  'run.superseded': (data) => data.endedAt,
  'run.cancelled': (data) => data.endedAt,
  'model.evaluated': (data) => data.evaluatedAt,
  'model.promoted': (data) => data.decidedAt,
  'model.held': (data) => data.decidedAt,
  'model.rejected': (data) => data.decidedAt,
  'model.overtaken': (data) => data.decidedAt,
  'model.ready': (data) => data.decidedAt,
}

const sentences: OfEach<string> = {
  'signal.ended': signalSentence,
  'training.requested': requestSentence,
  'run.queued': (data) => `Queued with priority ${data.priority}`,
  'run.started': (data) => `Attempt ${data.attempt} started`,
  'run.succeeded': successSentence,
  'run.failed': failureSentence,
  'run.superseded': (data) => `Superseded by ${data.by} ${whenCutOff(data.wasRunning)}`,
  'run.cancelled': (data) => `Cancelled by ${data.actor} ${whenCutOff(data.wasRunning)}: ${data.reason}`,
  'model.evaluated': evaluationSentence,
  'model.promoted': (data) =>
    `Promoted by ${decider(data)} as champion number ${data.sequence}${because(data.reasons)}`,
  'model.held': (data) => `Held for a person to decide${because(data.reasons)}`,
  'model.rejected': (data) =>
    `${data.decidedBy === 'limit' ? 'Expired, nobody having decided in time' : `Rejected by ${decider(data)}`}${because(data.reasons)}`,
  'model.overtaken': (data) => `Overtaken while held: ${data.by} was promoted`,
  'model.ready': readySentence,
}

/** When it happened, in milliseconds since 1970. A signal's story begins when it came in. */
export function momentOf<N extends EventName>(event: Told<N>): number {
  const moment: (data: EventData<N>) => number = moments[event.name]
  return moment(event.data)
}

/** The sentence of an event as the run that it is about would tell it. */
export function sentenceOf<N extends EventName>(event: Told<N>): string {
  const sentence: (data: EventData<N>) => string = sentences[event.name]
  return sentence(event.data)
}

/** The other run that an event touches: the one that comes after, or the champion that steps down. */
export function otherRunOf(event: Told): RunId | null {
  switch (event.name) {
    case 'run.superseded':
    case 'model.overtaken':
      return event.data.by
    case 'model.ready':
      return event.data.replaces && event.data.replaces.run !== event.data.run ? event.data.replaces.run : null
    default:
      return null
  }
}

/** The sentence of an event as that other run would tell it. */
export function sentenceFromOtherSide(event: Told): string {
  switch (event.name) {
    case 'run.superseded':
      return `Took the place of ${event.data.run}, which ${event.data.wasRunning ? 'was running' : 'had not started'}`
    case 'model.overtaken':
      return `Its promotion overtook the held model of ${event.data.run}`
    case 'model.ready':
      return `No longer in force: ${event.data.run} is champion number ${event.data.sequence}: ${event.data.reason}`
    default:
      return sentenceOf(event)
  }
}

type Attempt = EventData<'run.succeeded'>['attempts'][number]

const outcomeWords: Readonly<Record<Attempt['outcome'], string>> = {
  done: 'was done',
  badInput: 'ended with bad input',
  badOutput: 'ended with bad output',
  crashed: 'crashed',
  resumable: 'stopped with its work saved',
  lost: 'was lost',
  deadline: 'reached its deadline',
  stopped: 'was stopped',
}

/** The end of one attempt; attempts are told with the end of their run. */
export function attemptSentence(attempt: Attempt): string {
  const after = attempt.startedAt === null ? '' : ` after ${duration(attempt.endedAt - attempt.startedAt)}`
  return `Attempt ${attempt.number} ${outcomeWords[attempt.outcome]}${after}: ${attempt.reason}`
}

const endWords: Readonly<Record<SignalEnd, string>> = {
  launched: 'launched',
  coalesced: 'coalesced',
  unchanged: 'unchanged',
  rejected: 'rejected',
  deadLettered: 'dead-lettered',
}

function signalSentence(data: EventData<'signal.ended'>): string {
  const run = data.run === null ? '' : ` (${data.run})`
  const waited = duration(data.endedAt - data.receivedAt)
  return `Signal ${data.signal} of ${data.trigger} came in; ${endWords[data.end]}${run} ${waited} later: ${data.reason}`
}

function requestSentence(data: EventData<'training.requested'>): string {
  const { dataset, signals } = data
  const by = data.actor === null ? '' : ` by ${data.actor}`
  const rows = `${counted(dataset.trainRows, 'training row')}, ${counted(dataset.examRows, 'exam row')}`
  return (
    `Requested${by} as generation ${data.generation} for ${counted(signals.count, 'signal')}: ${data.reason} ` +
    `(dataset ${shortDigest(dataset.digest)}: ${rows}, ${counted(dataset.intents, 'intent')})`
  )
}

function successSentence(data: EventData<'run.succeeded'>): string {
  const took = `Succeeded in ${duration(data.endedAt - data.startedAt)} with ${counted(data.attempts.length, 'attempt')}`
  return `${took}: model ${shortDigest(data.model.digest)} sat its exam; ${examOfChampion(data.champion)}`
}

function examOfChampion(champion: EventData<'run.succeeded'>['champion']): string {
  if (champion === null) return 'there is no champion to compare it with'
  const name = `champion number ${champion.sequence} (${champion.run})`
  return champion.answers === null
    ? `${name} has no answers: ${champion.reason ?? 'no reason was given'}`
    : `${name} sat the same exam`
}

function failureSentence(data: EventData<'run.failed'>): string {
  if (data.startedAt === null) return `Failed before it started: ${data.reason}`
  const took = duration(data.endedAt - data.startedAt)
  return `Failed in ${took} with ${counted(data.attempts.length, 'attempt')}: ${data.reason}`
}

function evaluationSentence(data: EventData<'model.evaluated'>): string {
  if (data.examRows === 0) return 'Not measured: there is no exam row that could be marked'
  const figures = `accuracy ${percent(data.accuracy)}, macro-F1 ${percent(data.macroF1)}`
  const measured = `Measured on ${counted(data.examRows, 'exam row')}: ${figures}`
  if (data.champion === null) return `${measured}; no champion to compare it with`
  const champion = `champion number ${data.champion.sequence} (${data.champion.run})`
  if (data.difference === null) return `${measured}; not compared with ${champion}`
  const { estimate, low, high } = data.difference
  return `${measured}; ${points(estimate)} points (${points(low)} to ${points(high)}) against ${champion}`
}

function readySentence(data: EventData<'model.ready'>): string {
  const replaced =
    data.replaces === null ? 'the first one' : `in place of number ${data.replaces.sequence} (${data.replaces.run})`
  return `In force as champion number ${data.sequence}, ${replaced}, by ${decider(data)}: ${data.reason}`
}

const whenCutOff = (wasRunning: boolean) => (wasRunning ? 'while it was running' : 'before it started')

function decider(data: { decidedBy: string; actor: string | null }): string {
  return data.decidedBy === 'person' ? (data.actor ?? 'a person') : data.decidedBy
}

function because(reasons: readonly string[]): string {
  return reasons.length === 0 ? '' : `: ${reasons.join('; ')}`
}
