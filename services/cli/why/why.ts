/**
 * Why a bot's newest change is not in force: what holds it up right now, or what ended the last one. Pure. The newest
 * thing under way is the answer, and whatever else is under way is told beside it.
 */
import { counted } from '../../kit/figures.ts'
import { shellWord } from '../../kit/shell-word.ts'
import { ordinal, relative, roughly } from '../render/figures.ts'
import type {
  Champion,
  Explanation,
  HeldModel,
  KeyFacts,
  LastEnd,
  Pin,
  QueuedRun,
  RunningRun,
  WaitingRequest,
} from './facts.ts'

export function why(facts: KeyFacts): Explanation {
  return { sentence: `${sentenceOf(facts)}.`, evidence: evidenceOf(facts) }
}

function sentenceOf(facts: KeyFacts): string {
  const { request, requested, queued, running, held, last, now } = facts
  if (request !== null) return requestSentence(request, now) + meanwhile(facts)
  if (requested !== null)
    return `${requested.run} is requested, and the launcher has not heard of it yet${meanwhile(facts)}`
  if (queued !== null) return queuedSentence(queued, facts)
  if (running !== null) return runningSentence(running, now)
  const [newest] = held
  if (last?.kind === 'evaluating' || last?.kind === 'ending') return endSentence(last, now)
  if (newest !== undefined && (last === null || last.run === newest.run)) return heldSentence(newest, facts)
  return newestEnd(facts) ?? 'Nothing is under way, and nothing has ended yet'
}

/** Nothing is under way: what ended last, of the last run, a signal that made none, and what a person put in force. */
function newestEnd(facts: KeyFacts): string | undefined {
  const { champion, last, lastSignal, now } = facts
  const ends = [
    // Of an approval, which is one moment with the promotion, the promotion is told.
    ...(champion?.decidedBy === 'person'
      ? [{ at: champion.since, sentence: rolledBackSentence(champion, facts) }]
      : []),
    ...(last === null ? [] : [{ at: last.at, sentence: endSentence(last, now) }]),
    // Signals that left no run of their own: without them the last run would be told as if nothing had come since. What is
    // coalesced into a run that is under way ends before it; what is stale may come after it.
    ...(lastSignal === null || lastSignal.end === 'launched'
      ? []
      : [{ at: lastSignal.at, sentence: signalSentence(lastSignal) }]),
  ]
  return ends.sort((one, other) => one.at.getTime() - other.at.getTime()).at(-1)?.sentence
}

function signalSentence({ end, reason }: NonNullable<KeyFacts['lastSignal']>): string {
  return `The last signal ${signalWords[end] ?? `ended as ${end}`}: ${clause(reason)}`
}

const signalWords: Readonly<Record<string, string>> = {
  coalesced: 'was coalesced',
  unchanged: 'changed nothing',
  rejected: 'was rejected',
  deadLettered: 'was dead-lettered',
}

function requestSentence({ dueAt, signals, state, problem, earlier, ...request }: WaitingRequest, now: Date): string {
  if (state === 'fetching') return `Its dataset ${fetchWords({ dueAt, problem, ...request }, now)}`
  if (problem !== null) return `It could not go on (${clause(problem)})${nextTry(dueAt, now)}`
  const isDue = dueAt !== null && dueAt <= now
  if (isDue && earlier?.holdsUp)
    return `Waiting for the dataset of the change before it, which ${fetchWords(earlier, now)}`
  const until = dueAt === null ? '' : `; that ends ${isDue ? 'now' : relative(dueAt, now)}`
  return `Waiting for the edits to pause (${counted(signals, 'signal')} so far)${until}`
}

type Fetch = Pick<WaitingRequest, 'problem' | 'tries' | 'failures' | 'dueAt'>

function fetchWords({ problem, tries, failures, dueAt }: Fetch, now: Date): string {
  if (problem === null) return 'is being fetched and checked'
  if (tries > failures) return `is being fetched again (attempt ${tries}), after one that failed: ${clause(problem)}`
  return `could not be fetched (attempt ${tries}: ${clause(problem)})${nextTry(dueAt, now)}`
}

const nextTry = (dueAt: Date | null, now: Date) => (dueAt === null ? '' : `; the next try is ${relative(dueAt, now)}`)

function meanwhile({ queued, running, now }: KeyFacts): string {
  if (running !== null) return `; meanwhile ${runningSentence(running, now)}`
  if (queued !== null) return `; meanwhile ${queued.run} is queued`
  return ''
}

function queuedSentence(queued: QueuedRun, { jobType, running, now }: KeyFacts): string {
  const { run, position, waitsFor, behind, isPaused } = queued
  switch (waitsFor) {
    case 'verdict':
      return `${run} waits for the verdict on ${behind ?? 'the run before it'}, so that it meets the right champion`
    case 'running':
      return running === null
        ? `${run} waits for ${behind ?? 'the run before it'} to end`
        : `${run} waits behind ${running.run}, which ${runningWords(running, now)}`
    default: {
      const place = position === null ? 'in line' : `${ordinal(position)} in line`
      return isPaused
        ? `${run} is ${place}, but ${jobType} has no slots: none of its runs starts until a person gives it some`
        : `${run} is ${place} for a slot of ${jobType}`
    }
  }
}

const runningSentence = (running: RunningRun, now: Date) => `${running.run} ${runningWords(running, now)}`

function runningWords(running: RunningRun, now: Date): string {
  const { progress, attempt, before, stop, between, waitsFor, silentMs, standing, trained } = running
  if (stop !== null) return `is told to stop: ${clause(stop)}`
  if (trained === 'champion') return 'is trained and waits for the champion to sit the same exam'
  if (trained === 'end') return 'is trained, and its result is being taken in'
  if (between !== null) {
    const { end, reason, since, until } = between
    const next = until !== null && until > now ? `, which begins ${relative(until, now)}` : ''
    return `waits for its next attempt${next}: attempt ${attempt} ${end} ${relative(since, now)} (${clause(reason)})`
  }
  const share = progress === null ? '' : ` (${Math.floor(progress * 100)} %)`
  const again = attempt <= 1 ? '' : `, attempt ${attempt}${before === null ? '' : ` after one that ${before}`}`
  if (waitsFor !== null) {
    const since = waitsFor.since === null ? '' : ` (for ${roughly(now.getTime() - waitsFor.since.getTime())})`
    return `has its slot and ${waitsFor.words}${since}${again}`
  }
  if (silentMs !== null) {
    const where = standing === null ? '' : `: it ${clause(standing)}`
    return `has not been heard of for ${roughly(silentMs)}${share}${again}${where}`
  }
  return `is running${share}${again}`
}

function heldSentence(model: HeldModel, { pin }: KeyFacts): string {
  const isForThePin = pin !== null && (pin.since === null || pin.since <= model.since)
  const why = isForThePin ? `: the key is pinned${pin.actor === null ? '' : ` by ${pin.actor}`}` : whyHeld(model, pin)
  return `The model of ${model.run} is held for a person to decide${why}`
}

/** A verdict keeps its words, and a pin may be gone since then. */
function whyHeld({ rule, reasons }: HeldModel, pin: Pin | null): string {
  return pin === null && rule === 'pin' ? ': it was judged while the key was pinned' : because(reasons)
}

function rolledBackSentence({ run, actor, since, reason }: Champion, { pin, now }: KeyFacts): string {
  const pinned = pin === null ? '' : ', and the pin lets machines only hold'
  return `Nothing is under way: ${actor ?? 'a person'} put ${run} in force ${relative(since, now)} (${clause(reason)})${pinned}`
}

/** How a run ended, or that its end is near. */
export function endSentence(last: LastEnd, now: Date): string {
  const ago = relative(last.at, now)
  switch (last.kind) {
    case 'ending':
      return `${last.run} has ended, and how is on its way`
    case 'evaluating':
      return `The training of ${last.run} is done and its model is being evaluated`
    case 'promoted':
      return `Nothing is held up: ${last.run} was promoted by ${last.by} ${ago}${because(last.reasons)}`
    case 'rejected':
      return `The model of ${last.run} was rejected by ${last.by} ${ago}${because(last.reasons)}`
    case 'held':
      return `The model of ${last.run} is held for a person to decide${because(last.reasons)}`
    case 'expired':
      return `The model of ${last.run} was held and nobody decided in time${because(last.reasons)}`
    case 'overtaken':
      return `The model of ${last.run} was overtaken while it was held${because(last.reasons)}`
    case 'failed':
      return `${last.run} failed ${ago}: ${clause(last.reason)}`
    case 'cancelled':
      return `${last.run} was cancelled ${ago}: ${clause(last.reason)}`
    case 'superseded':
      return `${last.run} was superseded ${ago}: ${clause(last.reason)}`
  }
}

function evidenceOf(facts: KeyFacts): string[] {
  const { now, request, requested, queued, running, held, pin, champion, last, lastSignal, bot, jobType } = facts
  const lines: string[] = []
  if (request !== null) {
    lines.push(`request: ${requestLine(request, now)}`)
    if (request.earlier !== null) lines.push(`the request before it: ${requestLine(request.earlier, now)}`)
  }
  if (requested !== null) lines.push(`requested: ${requested.run}, for signals since ${age(requested.since, now)}`)
  if (queued !== null) {
    const waitsFor = queued.waitsFor === null ? '' : `, waits for ${waitedFor[queued.waitsFor]}`
    lines.push(`queue: ${queued.run} since ${age(queued.since, now)}${waitsFor}`)
    if (queued.isPaused) lines.push(`let it start with: trainyard slots ${jobType} NUMBER --reason …`)
  }
  if (running !== null) {
    const standing = running.standing === null ? '' : `: ${running.standing}`
    lines.push(`running: ${running.run} since ${age(running.since, now)}, attempt ${running.attempt}${standing}`)
    lines.push(`its log: trainyard logs ${running.run} -f`)
  }
  for (const model of held) {
    const until = model.expiresAt === null ? '' : `, expires ${relative(model.expiresAt, now)}`
    lines.push(`held: ${model.run} since ${age(model.since, now)}${until}${whyHeld(model, pin)}`)
    lines.push(`decide with: trainyard approve ${model.run} --reason …, or trainyard reject ${model.run} --reason …`)
  }
  if (pin !== null) {
    const by = pin.actor === null ? '' : ` by ${pin.actor}`
    const since = pin.since === null ? '' : ` ${relative(pin.since, now)}`
    lines.push(
      `pinned${by}${since}${pin.reason === null ? '' : `: ${clause(pin.reason)}`}; machines only hold until: trainyard unpin ${shellWord(bot)} --reason …`,
    )
  }
  if (champion !== null) {
    lines.push(`champion: number ${champion.sequence}, ${champion.run}, since ${age(champion.since, now)}`)
  }
  if (last !== null) {
    lines.push(`last run: ${last.run} ${last.kind} ${relative(last.at, now)}; whole story: trainyard run ${last.run}`)
    lines.push(...reasonsOf(last).map((reason) => `its verdict: ${clause(reason)}`))
  }
  if (lastSignal !== null) {
    lines.push(
      `last signal: ${lastSignal.signal} ${lastSignal.end} ${relative(lastSignal.at, now)}: ${clause(lastSignal.reason)}`,
    )
  }
  return lines
}

function requestLine({ state, since, signals, dueAt, problem }: Omit<WaitingRequest, 'earlier'>, now: Date): string {
  const due = dueAt === null ? '' : `, due ${relative(dueAt, now)}`
  const error = problem === null ? '' : `, last error: ${clause(problem)}`
  return `${state} since ${age(since, now)}, ${counted(signals, 'signal')}${due}${error}`
}

const reasonsOf = (last: LastEnd) => ('reasons' in last ? last.reasons.slice(0, shownReasons) : [])
const shownReasons = 5

const waitedFor = {
  slot: 'a slot',
  verdict: 'the verdict on the run before it',
  running: 'the run before it',
} as const

const age = (since: Date, now: Date) => roughly(now.getTime() - since.getTime())
/** The deciding reason comes first; the others are evidence. */
const because = ([first]: readonly string[]) => (first === undefined ? '' : `: ${clause(first)}`)

/** A text as part of a sentence: without an end of its own. */
function clause(text: string): string {
  return text.trim().replace(/\.$/, '')
}
