/** Asks every service what it knows of a bot, and puts it together, key by key. */
import type { Api } from '../client/api.ts'
import { Refusal } from '../client/client.ts'
import type { Run } from '../client/console.ts'
import type { Request, SignalOfBot } from '../client/intake.ts'
import type { Attempt, QueueEntry, Slots } from '../client/launcher.ts'
import type { KeyState } from '../client/promoter.ts'
import type { KeyFacts, LastEnd, LastSignal, QueuedRun, RequestedRun, RunningRun, WaitingRequest } from './facts.ts'

export interface Answers {
  readonly requests: readonly Request[]
  readonly queue: readonly QueueEntry[]
  readonly keys: readonly KeyState[]
  /** Newest first; the newest of each key is among them. */
  readonly runs: readonly Run[]
  /** Newest first. */
  readonly signals: readonly SignalOfBot[]
  /** Of the runs that are running. */
  readonly attempts: ReadonlyMap<string, readonly Attempt[]>
  /** Where a run waits for one. */
  readonly slots: readonly Slots[]
}

/** What is known of each of the bot's keys, by job type; nothing at all when nobody has heard of it. */
export async function collectFacts(api: Api, bot: string, now: () => Date): Promise<KeyFacts[]> {
  // One after the other, in this order: what has left one of them by then is in a later one, or on its way there; and what the
  // history has as running, and the queue has no more, has ended.
  const signals = await api.intake.signalsOf(bot)
  const requests = await api.intake.requestsOf(bot)
  const history = await ifKnown(api.console.bot(bot), null)
  const [queue, keys] = await Promise.all([api.launcher.queue(bot), ifKnown(api.promoter.keys(bot), [])])
  const running = queue.filter(({ state }) => state === 'running')
  const latest = history?.runs ?? []
  // The latest runs of a bot may all be of one busy job type.
  const crowdedOut =
    latest.length === 0 ? [] : jobTypesIn(requests, queue, keys, signals).difference(jobTypesIn(latest))
  const [attempts, slots, others] = await Promise.all([
    Promise.all(running.map(async ({ run }) => [run, await api.launcher.attempts(run)] as const)),
    queue.some(({ waitsFor }) => waitsFor === 'slot') ? api.launcher.slots() : [],
    Promise.all([...crowdedOut].map(async (jobType) => (await api.console.runs({ bot, jobType, limit: 1 })).runs)),
  ])
  const runs = [...latest, ...others.flat()]
  return factsOf(bot, { requests, queue, keys, runs, signals, attempts: new Map(attempts), slots }, now())
}

function jobTypesIn(...lists: readonly (readonly { readonly jobType: string }[])[]): Set<string> {
  return new Set(lists.flatMap((list) => list.map(({ jobType }) => jobType)))
}

async function ifKnown<T>(asked: Promise<T>, unknown: T): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Refusal && error.code === 'notFound') return unknown
    throw error
  }
}

/** Pure: the answers of all services as facts about each key. */
export function factsOf(bot: string, answers: Answers, now: Date): KeyFacts[] {
  const { requests, queue, keys, runs, signals } = answers
  return [...jobTypesIn(requests, queue, keys, runs, signals)].sort().map((jobType) => {
    const ofKey = <T extends { jobType: string }>(list: readonly T[]) => list.filter((each) => each.jobType === jobType)
    const [key] = ofKey(keys)
    // A key may have one request that is fetched and one that still waits; the waiting one is the newer.
    const fetching = ofKey(requests).find(({ state }) => state === 'fetching')
    const request = ofKey(requests).find(({ state }) => state === 'waiting') ?? fetching
    const queued = ofKey(queue).find(({ state }) => state === 'queued')
    const holder = ofKey(queue).find(({ state }) => state !== 'queued')
    const running = holder?.state === 'running' ? holder : undefined
    const signal = lastEnded(ofKey(signals))
    const requested = request === undefined ? requestedFacts(ofKey(signals), queue, runs) : null
    const underWay = new Set([...queue.map(({ run }) => run), requested?.run])
    return {
      bot,
      jobType,
      now,
      request: request === undefined ? null : { ...requestFacts(request), earlier: earlierFacts(request, fetching) },
      requested,
      queued: queued === undefined ? null : queuedFacts(queued, holder, answers.slots),
      running: running === undefined ? null : runningFacts(running, answers.attempts.get(running.run) ?? []),
      held: key?.held ?? [],
      pin: key?.pin ?? null,
      champion: key?.champion ? { ...key.champion, since: key.champion.decidedAt } : null,
      last: lastOf(ofKey(runs)[0], holder, underWay),
      lastSignal: signal === undefined ? null : signalFacts(signal),
    }
  })
}

function requestFacts(request: Request): Omit<WaitingRequest, 'earlier'> {
  const { state, since, dueAt, signals, tries, failures, problem } = request
  return { state, since, dueAt, signals, tries, failures, problem }
}

function earlierFacts(request: Request, fetching: Request | undefined): WaitingRequest['earlier'] {
  if (fetching === undefined || fetching === request) return null
  // What cannot be had is overtaken by what names one.
  const holdsUp = fetching.failures === 0 || request.dataset === null
  return { ...requestFacts(fetching), holdsUp }
}

/** Not the one that came last: what is stale ends as it comes, and what came before it may end long after. */
function lastEnded(signals: readonly SignalOfBot[]): SignalOfBot | undefined {
  const endOf = ({ endedAt }: SignalOfBot) => endedAt?.getTime() ?? Number.NEGATIVE_INFINITY
  return signals.filter(({ end }) => end !== null).toSorted((one, other) => endOf(other) - endOf(one))[0]
}

/** A signal waits until its run has started. */
function requestedFacts(
  signals: readonly SignalOfBot[],
  queue: readonly QueueEntry[],
  runs: readonly Run[],
): RequestedRun | null {
  const waiting = signals.find(({ end }) => end === null)
  const run = waiting?.request ?? null
  const hasGoneOn =
    queue.some((entry) => entry.run === run) || runs.some((each) => each.run === run && each.state !== 'queued')
  return waiting === undefined || run === null || hasGoneOn ? null : { run, since: waiting.receivedAt }
}

function queuedFacts(
  { run, jobType, since, position, waitsFor }: QueueEntry,
  holder: QueueEntry | undefined,
  slots: readonly Slots[],
): QueuedRun {
  const isPaused = waitsFor === 'slot' && slots.some((each) => each.jobType === jobType && each.slots === 0)
  return { run, since, position, waitsFor, behind: holder?.run ?? null, isPaused }
}

/** Many heartbeats. */
const longSilenceMs = 60_000

const endWords: Readonly<Record<string, string>> = {
  badInput: 'found its input wrong',
  badOutput: 'gave a wrong output',
  crashed: 'crashed',
  resumable: 'stopped with its work saved',
  lost: 'was lost',
  deadline: 'ran out of time',
  stopped: 'was stopped',
}

function runningFacts({ run, since, progress }: QueueEntry, attempts: readonly Attempt[]): RunningRun {
  const training = attempts.filter(({ kind }) => kind === 'train')
  const [current, before] = training.toReversed()
  return {
    run,
    since,
    progress,
    attempt: current?.number ?? 1,
    before: before?.outcome ? wordsOf(before.outcome) : null,
    stop: current?.stop ?? null,
    between: betweenOf(current),
    waitsFor: waitOf(current),
    silentMs: silenceOf(current),
    standing: standingOf(current),
    trained: current?.outcome !== 'done' ? null : isExamOpen(attempts) ? 'champion' : 'end',
  }
}

/** The champion sits the exam only where there is one, and where its answers are not known already. */
function isExamOpen(attempts: readonly Attempt[]): boolean {
  const last = attempts.findLast(({ kind }) => kind === 'predict')
  return last !== undefined && last.outcome !== 'done'
}

const wordsOf = (outcome: string) => endWords[outcome] ?? outcome

function betweenOf(attempt: Attempt | undefined): RunningRun['between'] {
  if (!attempt?.outcome || attempt.outcome === 'done') return null
  const { outcome, reason, endedAt, createdAt, followedFrom } = attempt
  const since = endedAt ?? createdAt
  return { end: wordsOf(outcome), reason: reason ?? 'no reason was given', since, until: followedFrom }
}

function waitOf(attempt: Attempt | undefined): RunningRun['waitsFor'] {
  if (attempt?.state !== 'created') return null
  // Nothing is heard yet of what it was handed to.
  if (attempt.standing === null) return { words: 'is being started', since: attempt.createdAt }
  return { words: attempt.standing, since: attempt.standingSince }
}

/** A node that is lost, a network that is cut: its runner is the first to be missed. */
function silenceOf(attempt: Attempt | undefined): number | null {
  const silentMs = attempt?.silentMs ?? null
  return silentMs !== null && silentMs > longSilenceMs ? silentMs : null
}

/** The launcher knows first that a run has ended; the history of it is on its way then. */
function lastOf(
  newest: Run | undefined,
  holder: QueueEntry | undefined,
  underWay: ReadonlySet<string | undefined>,
): KeyFacts['last'] {
  const end = newest === undefined ? null : endOf(newest)
  if (holder?.state === 'succeeded' && (end === null || newest?.run !== holder.run))
    return { kind: 'evaluating', run: holder.run, at: holder.since }
  if (newest === undefined || end !== null) return end
  return underWay.has(newest.run) ? null : { kind: 'ending', run: newest.run, at: newest.begunAt }
}

function standingOf(attempt: Attempt | undefined): string | null {
  const isThere = attempt?.outcome === null && (attempt.state === 'claimed' || attempt.stop !== null)
  return isThere ? attempt.standing : null
}

/** How a run ended, as far as it has: null while it is queued or running. */
export function endOf(run: Run): LastEnd | null {
  const { verdict, end } = run
  if (verdict !== null) {
    const { decidedAt: at, reasons, decidedBy, actor } = verdict
    const by = actor ?? decidedBy
    switch (verdict.state) {
      case 'promoted':
      case 'rejected':
      case 'held':
      case 'expired':
      case 'overtaken':
        return { kind: verdict.state, run: run.run, at, by, reasons }
    }
  }
  switch (run.state) {
    case 'succeeded':
      return { kind: 'evaluating', run: run.run, at: end?.endedAt ?? run.begunAt }
    case 'failed':
    case 'cancelled':
    case 'superseded': {
      const reason = end?.by ? `${end.by} took its place` : (end?.reason ?? 'no reason was given')
      return { kind: run.state, run: run.run, at: end?.endedAt ?? run.begunAt, reason }
    }
    default:
      return null
  }
}

function signalFacts({ signal, end, endedAt, receivedAt, reason }: SignalOfBot): LastSignal {
  return { signal, end: end ?? 'launched', at: endedAt ?? receivedAt, reason: reason ?? 'no reason was given' }
}
