/**
 * The next steps of a run: those of its attempts, and its own. Pure.
 *
 * States: queued ─▶ running ─▶ succeeded | failed | superseded | cancelled. The queue starts a run; all else is decided here.
 *
 * Invariants:
 * - a committed train attempt is success, whatever comes after; the run succeeds when the champion's answers are there
 *   or are known to be missing for good;
 * - another attempt, or any other end of the run, waits until the last attempt can have no effect any more (I1, I2).
 */
import type { AttemptName, AttemptOutcome, Digest } from '../../schemas/words.ts'
import { type AttemptAct, type AttemptLimits, attemptStep, isOver, noteOf } from './attempt-step.ts'
import type { Observation } from './executor/executor.ts'
import { type AttemptFacts, type AttemptKind, type RunFacts, type RunStop, specOf } from './facts.ts'
import { type Continuation, retry } from './retry.ts'
import { millisecondsOf, type Timings } from './timings.ts'

export type RunAct =
  | { readonly do: 'try'; readonly kind: AttemptKind; readonly number: number }
  | { readonly do: 'tell'; readonly reason: string }
  | { readonly do: 'succeed'; readonly result: Result }
  | { readonly do: 'fail'; readonly outcome: AttemptOutcome; readonly reason: string }
  | { readonly do: 'obey'; readonly stop: RunStop }
  | { readonly do: 'freeKey' }
  | { readonly do: 'clear' }

export type Act = AttemptAct | RunAct

export interface Plan {
  readonly acts: readonly Act[]
  /** Null: nothing is left to look at. */
  readonly lookInMs: number | null
}

/** What the exam of the champion gave: answers, or the reason why there are none. */
export type ChampionAnswers =
  | { readonly answers: Digest; readonly reason: null }
  | { readonly answers: null; readonly reason: string }

export interface Result {
  readonly model: Digest
  readonly answers: Digest
  readonly champion: ChampionAnswers | null
}

export type Seen = ReadonlyMap<AttemptName, Observation>

export function planOf(run: RunFacts, seen: Seen, nowMs: number, timings: Timings): Plan {
  const steps = run.attempts.map((attempt) =>
    attemptStep(attempt, seen.get(attempt.name), nowMs, limitsOf(run, attempt, timings)),
  )
  const notes = run.attempts.flatMap((attempt) => noteOf(attempt, seen.get(attempt.name), nowMs) ?? [])
  const isAttemptOver = (attempt: AttemptFacts): boolean =>
    isOver(attempt, seen.get(attempt.name), nowMs, limitsOf(run, attempt, timings))
  const own = run.state === 'running' ? running(run, { isAttemptOver, nowMs, timings }) : ended(run, nowMs)
  // The ledger's own steps come first: they need no executor, which may be out of reach.
  return together([
    tell(run),
    own,
    { acts: notes, lookInMs: null },
    ...steps.map(({ act, lookInMs }) => ({ acts: act ? [act] : [], lookInMs })),
  ])
}

/** Whatever attempt of a run that is to end does not know it yet. */
function tell(run: RunFacts): Plan {
  const reason = run.stop ? reasonOf(run.stop) : run.state === 'running' ? null : 'its run has ended'
  const untold = run.attempts.some((attempt) => attempt.state !== 'ended' && attempt.stop === null)
  return reason !== null && untold ? once({ do: 'tell', reason }) : wait(null)
}

/** What an attempt is told when its run is to stop. */
export function reasonOf(stop: RunStop): string {
  return stop.kind === 'superseded'
    ? `the newer request ${stop.by} takes its place`
    : `${stop.actor} cancelled it: ${stop.reason}`
}

interface Now {
  readonly nowMs: number
  readonly timings: Timings
  /** Whether it can have no effect any more. */
  isAttemptOver(attempt: AttemptFacts): boolean
}

function running(run: RunFacts, now: Now): Plan {
  const train = run.attempts.filter((attempt) => attempt.kind === 'train')
  const stored = resultOf(train)
  if (run.stop && !stored) {
    return train.every(now.isAttemptOver) ? once({ do: 'obey', stop: run.stop }) : wait(null)
  }
  const champion = examOfChampion(run, now)
  if (stored) {
    if (champion.kind === 'pending') return champion.plan
    return once({ do: 'succeed', result: { ...stored, champion: champion.answers } })
  }
  const beside = champion.kind === 'pending' ? champion.plan : wait(null)
  const next = nextTry(run, 'train', train, now)
  const training =
    next.kind === 'pending' ? next.plan : once({ do: 'fail', outcome: next.outcome, reason: next.reason })
  return together([training, beside])
}

/** What a committed attempt has stored. */
function resultOf(train: readonly AttemptFacts[]): Pick<Result, 'model' | 'answers'> | null {
  for (const { outcome, model, answers } of train) {
    if (outcome === 'done' && model !== null && answers !== null) return { model, answers }
  }
  return null
}

interface Pending {
  readonly kind: 'pending'
  readonly plan: Plan
}
type ExamOfChampion = { readonly kind: 'settled'; readonly answers: ChampionAnswers | null } | Pending

/** Sits beside the training and holds no slot. */
function examOfChampion(run: RunFacts, now: Now): ExamOfChampion {
  const { examinee } = run
  if (!examinee) return { kind: 'settled', answers: null }
  if (examinee.answers !== null) return { kind: 'settled', answers: { answers: examinee.answers, reason: null } }

  const attempts = run.attempts.filter((attempt) => attempt.kind === 'predict')
  const next = nextTry(run, 'predict', attempts, now)
  if (next.kind === 'pending') return next
  return { kind: 'settled', answers: { answers: null, reason: `the champion did not answer: ${next.reason}` } }
}

type Next = Pending | Extract<Continuation, { kind: 'giveUp' }>

function nextTry(
  run: RunFacts,
  kind: AttemptKind,
  attempts: readonly AttemptFacts[],
  { nowMs, timings, isAttemptOver }: Now,
): Next {
  const last = attempts.at(-1)
  if (last && !isAttemptOver(last)) return { kind: 'pending', plan: wait(null) }
  const next = retry(attempts, specOf(run, kind).retries, timings.longestBackoffMs)
  if (next.kind === 'giveUp') return next
  if (next.atMs > nowMs) return { kind: 'pending', plan: wait(next.atMs - nowMs) }
  return { kind: 'pending', plan: once({ do: 'try', kind, number: (last?.number ?? 0) + 1 }) }
}

/** From when on another attempt may follow this one; null where none is to follow it, or one has. */
export function followedFromMs(run: RunFacts, attempt: AttemptFacts, timings: Timings): number | null {
  const attempts = run.attempts.filter(({ kind }) => kind === attempt.kind)
  if (run.state !== 'running' || run.stop || attempt.state !== 'ended' || attempts.at(-1) !== attempt) return null
  const next = retry(attempts, specOf(run, attempt.kind).retries, timings.longestBackoffMs)
  return next.kind === 'again' ? next.atMs : null
}

function ended(run: RunFacts, nowMs: number): Plan {
  const open = run.attempts.filter((attempt) => !attempt.released)
  const verdict = awaitVerdict(run, nowMs)
  if (open.length === 0 && run.leftovers) return together([once({ do: 'clear' }), verdict])
  return verdict
}

function awaitVerdict(run: RunFacts, nowMs: number): Plan {
  if (!run.holdsKey || run.verdictDueMs === null) return wait(null)
  return nowMs >= run.verdictDueMs ? once({ do: 'freeKey' }) : wait(run.verdictDueMs - nowMs)
}

function limitsOf(run: RunFacts, attempt: AttemptFacts, timings: Timings): AttemptLimits {
  return { graceMs: millisecondsOf(specOf(run, attempt.kind).graceSeconds), timings }
}

/** After an act of the run there is always something new to look at. */
const once = (act: RunAct): Plan => ({ acts: [act], lookInMs: 0 })
const wait = (lookInMs: number | null): Plan => ({ acts: [], lookInMs })

function together(plans: readonly Plan[]): Plan {
  const looks = plans.flatMap((plan) => (plan.lookInMs === null ? [] : [plan.lookInMs]))
  return { acts: plans.flatMap((plan) => plan.acts), lookInMs: looks.length === 0 ? null : Math.min(...looks) }
}
