/**
 * Looks at runs: reads what the ledger wants and what the executor sees, lets the pure plan compare, and takes the steps (D7).
 *
 * A run says when it is to be looked at next (`look_at`, by the database's clock); hints from the executor and the run
 * API only bring that forward, and a lost one costs time, never work. A look is claimed by moving `look_at` on by a lease,
 * so that launchers share the work, and a look that dies with its launcher is taken over. A run that starts here is claimed
 * with its start.
 *
 *     due or hinted ─ claim ─▶ looking ─ settle ─▶ due later, at once, or never again
 *               start ───────▶
 *
 * Invariants:
 * - every step is conditional on what it was decided from (`transitions.ts`), and everything asked of the executor is
 *   idempotent by the attempt's name. So two looks at a time, or one after a crash, do no harm; in this process a run has
 *   one at a time all the same, since the second would ask the executor for nothing;
 * - a look that takes long holds up no other.
 */

import type { AttemptName, RunId } from '../../schemas/words.ts'
import { messageOf } from '../kit/errors.ts'
import { groupCommit } from '../kit/group-commit.ts'
import { type ActNeeds, makeActs } from './acts.ts'
import { needsObservation } from './attempt-step.ts'
import type { Observation } from './executor/executor.ts'
import type { RunFacts } from './facts.ts'
import { type RunRecord, readRuns } from './ledger.ts'
import { type Look, type Placed, type Settled, settleLooks } from './looks.ts'
import { planOf } from './run-step.ts'
import type { Timings } from './timings.ts'
import { noteStanding } from './transitions.ts'

export interface ReconcilerNeeds extends Omit<ActNeeds, 'again'> {
  readonly timings: Timings
  /** Called when what there is to know of a run has changed. */
  tell(run: RunId): void
}

export interface Reconciler {
  /** Says that there is news of a run. */
  hint(runs: readonly RunId[]): void
  /** How many runs there is room for, and how long a look at one is its claimer's alone. */
  lease(): { readonly runs: number; readonly milliseconds: number }
  /** Begins to look at runs that were claimed for it, and read, as those are that start here. */
  begin(looks: readonly Look[], records: Promise<readonly RunRecord[]>): void
  /**
   * Begins to look at what is due. Resolves when that has ended or there may be more to look at; to the milliseconds
   * until something else is due.
   */
  work(signal: AbortSignal): Promise<number | undefined>
  /** Resolves when every look that was begun has ended. */
  idle(): Promise<void>
}

/** The net below the hints and due times. */
export const reconcilePollMs = 1_000
const looksAtOnce = 64
/**
 * Where more wait than there is room for, room for so many is waited for, but not for long, since looks may hang: one by one,
 * claiming them would be most of the work.
 */
const claimedTogether = 16
const roomWaitMs = 20
/** How soon to ask again for a run that somebody was just changing, or that was not asked for with the others. */
const missedHintMs = 5

export function makeReconciler(needs: ReconcilerNeeds): Reconciler {
  const { kit, executor, timings } = needs
  const { clock, log, point } = kit
  const { keyed: database, loose } = kit.database
  const hinted = new Set<RunId>()
  const looking = new Map<RunId, Promise<void>>()
  /** Whether there was no room for all that is to be looked at. */
  let isBehind = false
  let rouse: () => void = () => {}
  /** Called when no look is left, and nothing calls for another. */
  let rest: () => void = () => {}
  const perform = makeActs({ ...needs, again: (run) => hinted.add(run) })

  /** @returns also how long until something else is due; hints that met a lock, or for which there was no room, stay hints */
  async function claim(): Promise<{ looks: Look[]; nextMs: number }> {
    const busy = [...looking.keys()]
    const room = looksAtOnce - busy.length
    const waiting = [...hinted].filter((run) => !looking.has(run))
    // More would be read for nothing, and when many start at once there are thousands.
    const hints = waiting.slice(0, room)
    const rows = await loose.query<{ looks: Look[]; missed: RunId[]; next_ms: number | null }>(
      `with due as (
         select run from launcher.runs where look_at <= now() and run <> all($4)
          order by look_at limit $2 for no key update skip locked
       ), early as (
         select run from launcher.runs where run = any($1) and look_at > now() and run <> all($4)
          limit greatest(0, $2 - (select count(*) from due)) for no key update skip locked
       ), claimed as (
         update launcher.runs r set look_at = now() + make_interval(secs => $3)
           from (select run from due union all select run from early) as next where r.run = next.run
         returning r.run, r.look_at
       )
       select (select coalesce(jsonb_agg(jsonb_build_object('run', run, 'lease', look_at::text)), '[]') from claimed) as looks,
              array(select run from launcher.runs where run = any($1) and look_at is not null
                    except select run from claimed) as missed,
              (select extract(epoch from min(look_at) - now()) * 1000 from launcher.runs where look_at > now()) as next_ms`,
      [hints, room, timings.leaseMs / 1000, busy],
    )
    const { looks = [], missed = [], next_ms = null } = rows[0] ?? {}
    for (const run of hints) if (!missed.includes(run)) hinted.delete(run)
    for (const { run } of looks) hinted.delete(run)
    isBehind = looks.length === room
    if (isBehind) return { looks, nextMs: roomWaitMs }
    // With room left, what was hinted had nothing to look at, and so may more have.
    const isMore = missed.length > 0 || waiting.length > hints.length
    const nextMs = isMore ? missedHintMs : Math.max(1, Math.ceil(next_ms ?? reconcilePollMs))
    return { looks, nextMs: Math.min(nextMs, reconcilePollMs) }
  }

  /** @returns how long until there is more to look at */
  async function claimAndBegin(): Promise<number> {
    const { looks, nextMs } = await claim()
    const runs = looks.map(({ run }) => run)
    if (runs.length > 0) begin(looks, readRuns(database, runs))
    return nextMs
  }

  function begin(looks: readonly Look[], records: Promise<readonly RunRecord[]>): void {
    for (const each of looks) looking.set(each.run, attend(each, records))
  }

  /**
   * What is claimed and then cannot be read or settled stays a hint: else nobody would look again until the lease has ended,
   * long after PostgreSQL is back.
   */
  async function attend({ run, lease }: Look, records: Promise<readonly RunRecord[]>): Promise<void> {
    const placed: Placed[] = []
    let waitMs: number | null = null
    try {
      const record = (await records).find((each) => each.run === run)
      if (record) {
        waitMs = await look(record, placed)
        await settle({ run, lease, waitMs, placed }, 1)
      }
      if (placed.length > 0) await point('launcher.attempt.placed')
    } catch (error) {
      log.warn({ run, error: messageOf(error) }, 'a look at a run could not be begun or noted, and is made again')
      await clock.sleep(reconcilePollMs)
      hinted.add(run)
    }
    looking.delete(run)
    const isSoon = waitMs !== null && waitMs < reconcilePollMs
    const isRoom = isBehind && looking.size <= looksAtOnce - claimedTogether
    if (isSoon || isRoom || hinted.has(run)) rouse()
    else if (looking.size === 0) rest()
  }

  /**
   * What many looks end with at the same time goes together: a write of its own for each would be most of their work. Nor does
   * it wait for the disk: what PostgreSQL forgets when it crashes is as if the launcher had, just before it wrote, and a look
   * begins anew.
   */
  const settle = groupCommit(
    async (settled: readonly Settled[]) => {
      await settleLooks(loose, settled)
      return settled
    },
    { atOnce: 1, perCommit: looksAtOnce, waiting: Number.POSITIVE_INFINITY },
  )

  /** @param placed gets those that the executor has on record from now on */
  async function look({ run: id, nowMs, facts }: RunRecord, placed: Placed[]): Promise<number | null> {
    const tryAgain = (error: unknown): number => {
      log.warn({ run: id, error: messageOf(error) }, 'a run could not be looked after and is tried again')
      return timings.retryLookMs
    }
    try {
      const run = facts()
      const plan = planOf(run, await observe(run, nowMs), nowMs, timings)
      let lookInMs = plan.lookInMs
      for (const act of plan.acts) {
        // Each for itself: an exam of the champion that a quota refuses must not keep the training from being released
        // that uses the quota up.
        await perform(run, act, placed).catch((error: unknown) => {
          lookInMs = tryAgain(error)
        })
      }
      if (plan.acts.length > 0) needs.tell(id)
      return lookInMs
    } catch (error) {
      return tryAgain(error)
    }
  }

  async function observe(run: RunFacts, nowMs: number): Promise<Map<AttemptName, Observation>> {
    const seen = new Map<AttemptName, Observation>()
    for (const attempt of run.attempts) {
      if (!needsObservation(attempt, nowMs)) continue
      try {
        seen.set(attempt.name, await executor.observe(attempt.name))
      } catch (error) {
        log.warn({ attempt: attempt.name, error: messageOf(error) }, 'the executor cannot say how an attempt is')
        // What was said of it last may not be so any more.
        const words = `cannot be looked at: ${messageOf(error)}`
        if (words !== attempt.standing) await noteStanding(database, attempt.name, words)
      }
    }
    return seen
  }

  return {
    hint(runs) {
      for (const run of runs) hinted.add(run)
      if (runs.some((run) => !looking.has(run))) rouse()
    },

    lease: () => ({ runs: Math.max(0, looksAtOnce - looking.size), milliseconds: timings.leaseMs }),
    begin,

    async work(signal) {
      const roused = new AbortController()
      rouse = () => roused.abort('roused')
      isBehind = looking.size >= looksAtOnce
      const nextMs = isBehind ? roomWaitMs : await claimAndBegin()
      // What was said while we claimed may not be among it.
      if (roused.signal.aborted) return 0
      const dueAtMs = clock.monotonicMs() + nextMs
      const rested = new AbortController()
      rest = () => rested.abort('rested')
      if (looking.size > 0) await clock.sleep(nextMs, roused.signal, rested.signal, signal)
      return roused.signal.aborted ? 0 : Math.max(0, dueAtMs - clock.monotonicMs())
    },

    async idle() {
      await Promise.all(looking.values())
    },
  }
}
