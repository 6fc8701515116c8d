/**
 * The next step of one attempt: what the ledger wants against what the executor sees (D7). Pure.
 *
 * States: created ─▶ claimed ─▶ ended ─▶ released. Created also ends without a claim.
 *
 * Invariants:
 * - an attempt that the executor does not have on record is started; starting is idempotent by name, so a crash around
 *   it does no harm. Once it is on record, absent means ended, never "start it" (D6);
 * - silence is not death: an attempt ends without its runner's word only when the executor confirms the end, or when
 *   its own deadline, which the runner enforces, has passed with a margin (D13). One that no runner has claimed does nothing,
 *   and after its end no claim is let in: with it nobody waits for a node that does not answer;
 * - its traces are released only when its end is on record (I7).
 */
import { runnerExitCodes } from '../../schemas/run-api.ts'
import type { AttemptName, AttemptOutcome } from '../../schemas/words.ts'
import type { Observation } from './executor/executor.ts'
import type { AttemptFacts } from './facts.ts'
import type { Timings } from './timings.ts'

const callWithinMs = 10_000

export type AttemptAct =
  | { readonly do: 'start'; readonly attempt: AttemptName }
  | { readonly do: 'stop'; readonly attempt: AttemptName; readonly graceMs: number }
  | { readonly do: 'release'; readonly attempt: AttemptName }
  | { readonly do: 'note'; readonly attempt: AttemptName; readonly words: string }
  | {
      readonly do: 'end'
      readonly attempt: AttemptName
      readonly outcome: AttemptOutcome
      readonly reason: string
      readonly exitCode: number | null
      readonly signal: string | null
    }

/** What to do now, and how long to wait before the next look: null when nothing is left to look at. */
export interface AttemptStep {
  readonly act: AttemptAct | null
  readonly lookInMs: number | null
}

export interface AttemptLimits {
  readonly graceMs: number
  readonly timings: Timings
}

/** Whether the step needs to know what the executor sees: an attempt that was never handed to it is simply started. */
export function needsObservation(attempt: AttemptFacts, nowMs: number): boolean {
  if (attempt.released) return false
  return !mayStart(attempt, nowMs)
}

/** Whether its end is on record, and it can have no effect any more: as the executor has confirmed, or whatever it says. */
export function isOver(
  attempt: AttemptFacts,
  seen: Observation | undefined,
  nowMs: number,
  limits: AttemptLimits,
): boolean {
  if (attempt.state !== 'ended') return false
  return attempt.released || nowMs >= overMs(attempt, limits) || (attempt.claimedMs === null && isOnLostNode(seen))
}

function isOnLostNode(seen: Observation | undefined): seen is Observation & { state: 'running' } {
  return seen?.state === 'running' && seen.isNodeLost === true
}

/** After this moment the attempt can have no effect any more, whatever the executor says. */
function overMs(attempt: AttemptFacts, { graceMs, timings }: AttemptLimits): number {
  return attempt.dueMs + graceMs + timings.marginMs
}

/** @param seen undefined when the executor could not say */
export function attemptStep(
  attempt: AttemptFacts,
  seen: Observation | undefined,
  nowMs: number,
  limits: AttemptLimits,
): AttemptStep {
  const { name } = attempt
  const { observeEveryMs } = limits.timings
  if (attempt.released) return { act: null, lookInMs: null }
  if (mayStart(attempt, nowMs)) return { act: { do: 'start', attempt: name }, lookInMs: observeEveryMs }
  if (attempt.state === 'ended') return leave(attempt, seen, nowMs, limits)
  if (seen?.state === 'absent' || seen?.state === 'ended') return { act: endOf(attempt, seen, nowMs), lookInMs: 0 }

  if (attempt.state === 'created' && attempt.stop === null && seen?.state === 'starting' && seen.hopeless) {
    return { act: { do: 'end', attempt: name, ...seen.hopeless, exitCode: null, signal: null }, lookInMs: 0 }
  }
  if (attempt.state === 'created' && isOnLostNode(seen)) return { act: endOnLostNode(attempt, seen), lookInMs: 0 }
  const overAtMs = overMs(attempt, limits)
  if (nowMs >= overAtMs) return { act: silentEnd(attempt, seen), lookInMs: 0 }
  const untilOverMs = Math.min(observeEveryMs, overAtMs - nowMs)
  const asked = attempt.stop !== null || seen?.isForsaken === true || isUnclaimed(attempt, nowMs)
  if (asked) return { act: { do: 'stop', attempt: name, graceMs: limits.graceMs }, lookInMs: untilOverMs }
  return {
    act: null,
    lookInMs: attempt.state === 'created' ? Math.min(untilOverMs, attempt.dueMs - nowMs) : untilOverMs,
  }
}

function mayStart(attempt: AttemptFacts, nowMs: number): boolean {
  return attempt.state === 'created' && !attempt.placed && attempt.stop === null && nowMs < attempt.dueMs
}

function isUnclaimed({ state, dueMs }: AttemptFacts, nowMs: number): boolean {
  return state === 'created' && nowMs >= dueMs
}

/** What the executor says of how it stands, where that is news. What was waited for in vain is not: the end tells of it. */
export function noteOf(attempt: AttemptFacts, seen: Observation | undefined, nowMs: number): AttemptAct | null {
  if (attempt.state === 'ended' || (seen?.state !== 'starting' && seen?.state !== 'running')) return null
  if (isUnclaimed(attempt, nowMs) && attempt.standing !== null) return null
  // A runner calls within a moment, and by then what is known of the attempt may be older than what is seen of it.
  const isUnheard = attempt.state === 'created' && seen.begunMs !== undefined && nowMs - seen.begunMs > callWithinMs
  const words = isUnheard && seen.words !== undefined ? `${seen.words}, and its runner has not called yet` : seen.words
  return words === undefined || words === attempt.standing ? null : { do: 'note', attempt: attempt.name, words }
}

/** Its end is on record; what is left of it goes, and only then its traces. */
function leave(
  attempt: AttemptFacts,
  seen: Observation | undefined,
  nowMs: number,
  limits: AttemptLimits,
): AttemptStep {
  const { name } = attempt
  if (seen?.state === 'absent' || seen?.state === 'ended') return { act: { do: 'release', attempt: name }, lookInMs: 0 }
  // Where no runner ever came there is none to wait for, and what is left may hold a GPU.
  const patienceMs = attempt.claimedMs === null ? 0 : (attempt.endedMs ?? nowMs) + limits.timings.leaveMs - nowMs
  if (patienceMs > 0) return { act: null, lookInMs: patienceMs }
  return { act: { do: 'stop', attempt: name, graceMs: 0 }, lookInMs: limits.timings.leaveMs }
}

/** The executor confirms the end, and the runner did not report one. */
function endOf(attempt: AttemptFacts, seen: Observation, nowMs: number): AttemptAct {
  const facts =
    seen.state === 'ended'
      ? { exitCode: seen.exitCode, signal: seen.signal, words: seen.reason }
      : { exitCode: null, signal: null, words: 'the executor has no trace of it' }
  const end = { do: 'end', attempt: attempt.name, exitCode: facts.exitCode, signal: facts.signal } as const
  if (attempt.stop !== null) return { ...end, outcome: 'stopped', reason: attempt.stop }
  if (isUnclaimed(attempt, nowMs)) {
    // We have stopped it ourselves, or it was never there: what it waited for is the reason.
    const inVain = seen.state !== 'ended' || seen.isDisrupted ? waitedInVain(attempt) : undefined
    return { ...end, outcome: 'lost', reason: inVain ?? `${unclaimed}: ${facts.words}` }
  }
  // Somebody who was not us has stopped it, which is no fault of the program's.
  if (seen.state === 'ended' && seen.isDisrupted) return { ...end, outcome: 'stopped', reason: facts.words }
  // Kueue gave its place away and then another, while no launcher was there to see: an attempt is its first runner's (D13).
  if (attempt.state === 'claimed' && facts.exitCode === runnerExitCodes.notOurs)
    return {
      ...end,
      outcome: 'stopped',
      reason: `another runner came in place of its own, and may do nothing: ${facts.words}`,
    }
  const how = attempt.state === 'created' ? 'it ended before a runner claimed it' : 'its runner ended without a report'
  return { ...end, outcome: 'lost', reason: `${how}: ${facts.words}` }
}

const unclaimed = 'no runner claimed it in time'

function waitedInVain({ standing }: AttemptFacts): string | undefined {
  return standing === null ? undefined : `${unclaimed}; until then: ${standing}`
}

/** Whose doing it is: nobody's here. */
function endOnLostNode({ name, stop }: AttemptFacts, seen: Observation & { state: 'running' }): AttemptAct {
  const reason = stop ?? seen.words ?? 'its node does not answer'
  return { do: 'end', attempt: name, outcome: 'stopped', reason, exitCode: null, signal: null }
}

/** Its own deadline has passed with a margin, and nobody has told of its end. */
function silentEnd(attempt: AttemptFacts, seen: Observation | undefined): AttemptAct {
  const end = { do: 'end', attempt: attempt.name, exitCode: null, signal: null } as const
  if (attempt.stop !== null) return { ...end, outcome: 'stopped', reason: attempt.stop }
  if (attempt.state === 'created') return { ...end, outcome: 'lost', reason: waitedInVain(attempt) ?? unclaimed }
  if (isOnLostNode(seen)) return endOnLostNode(attempt, seen)
  if (seen)
    return {
      ...end,
      outcome: 'deadline',
      reason: 'its deadline has passed and it still runs; it has no effect any more',
    }
  return { ...end, outcome: 'lost', reason: 'its deadline has passed, and the executor cannot say whether it runs' }
}
