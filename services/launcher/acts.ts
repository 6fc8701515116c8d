/**
 * Does what a plan says: on the ledger, and through the executor. Each act is conditional on what it was decided from, or
 * idempotent by the attempt's name, so that it may be done twice.
 */
import { type JobTypeSpec, placementOf } from '../../schemas/job-type.ts'
import type { AttemptName, AttemptOutcome, Digest, RunId } from '../../schemas/words.ts'
import { classify, messageOf } from '../kit/errors.ts'
import type { Executor } from './executor/executor.ts'
import { type AttemptFacts, type AttemptKind, type RunFacts, specOf } from './facts.ts'
import { clearLeftovers } from './leftovers.ts'
import type { Placed } from './looks.ts'
import type { LauncherKit } from './points.ts'
import { type EndAct, endOf } from './run-end.ts'
import type { Act } from './run-step.ts'
import { millisecondsOf } from './timings.ts'
import {
  createAttempt,
  endAttempt,
  endRun,
  freeKey,
  keepRemarks,
  noteStanding,
  releaseAttempt,
  tellAttempts,
} from './transitions.ts'

export interface ActNeeds {
  readonly kit: LauncherKit
  readonly executor: Executor
  tokenOf(attempt: AttemptName): string
  urlOf(model: Digest): string
  /** Called when a slot or a key has become free. */
  wakeQueue(): void
  countOutcome(outcome: AttemptOutcome): void
  /** Called when an act has changed what is to be done next. */
  again(run: RunId): void
}

/** @param placed gets the attempts that the executor has on record from now on */
export type Perform = (run: RunFacts, act: Act, placed: Placed[]) => Promise<void>

export function makeActs(needs: ActNeeds): Perform {
  const { kit, executor } = needs
  const { log, point } = kit
  const { keyed: database } = kit.database

  async function perform(run: RunFacts, act: Act, placed: Placed[]): Promise<void> {
    switch (act.do) {
      case 'start':
        placed.push(...(await start(run, attemptOf(run, act.attempt))))
        return
      case 'stop':
        await point('launcher.executor.stopping')
        await executor.stop(act.attempt, act.graceMs)
        return point('launcher.executor.stopped')
      case 'end': {
        const ended = await endAttempt(database, attemptOf(run, act.attempt), act)
        if (ended) needs.countOutcome(act.outcome)
        return point('launcher.attempt.ended')
      }
      case 'release':
        await keepRemarks(database, act.attempt, await executor.remarks(act.attempt))
        await point('launcher.executor.releasing')
        await executor.release(act.attempt)
        await releaseAttempt(database, act.attempt)
        return point('launcher.attempt.released')
      case 'note':
        return noteStanding(database, act.attempt, act.words)
      case 'try':
        await createAttempt(database, run, act.kind, act.number, waitSeconds(executor, specOf(run, act.kind), act.kind))
        return point('launcher.attempt.created')
      case 'tell':
        await tellAttempts(database, run.run, act.reason)
        return point('launcher.attempts.told')
      case 'clear':
        await clearLeftovers(kit, run.run)
        return point('launcher.leftovers.cleared')
      case 'freeKey':
        if (await freeKey(database, run.run)) {
          log.warn(
            { run: run.run, bot: run.bot, jobType: run.jobType },
            `no verdict came within ${run.spec.verdictWaitSeconds} s; the next run of this bot may start`,
          )
          needs.wakeQueue()
        }
        return
      default:
        return end(run, act)
    }
  }

  /** @returns nothing when it can never be started, and has ended */
  async function start(run: RunFacts, attempt: AttemptFacts): Promise<readonly Placed[]> {
    const spec = specOf(run, attempt.kind)
    await point('launcher.executor.starting')
    let words: string | undefined
    try {
      const started = await executor.start({
        name: attempt.name,
        run: run.run,
        bot: run.bot,
        jobType: run.jobType,
        generation: run.generation,
        spec,
        kind: attempt.kind,
        token: needs.tokenOf(attempt.name),
        runApiUrl: kit.environment.kubernetes?.runApiUrl ?? kit.localUrl(),
        deadlineMs: millisecondsOf(spec.attemptDeadlineSeconds),
        graceMs: millisecondsOf(spec.graceSeconds),
        traceparent: run.cause.traceparent,
      })
      words = started.words
    } catch (error) {
      if (classify(error).code !== 'badInput') {
        await noteStanding(database, attempt.name, `can't be started yet: ${messageOf(error)}`)
        throw error
      }
      // What cannot be started at all will not start the next time.
      const reason = messageOf(error)
      await endAttempt(database, attempt, { outcome: 'badInput', reason, exitCode: null, signal: null })
      needs.countOutcome('badInput')
      needs.again(run.run)
      return []
    }
    await point('launcher.executor.started')
    return [{ attempt: attempt.name, words }]
  }

  async function end(run: RunFacts, act: EndAct): Promise<void> {
    if (await endRun(kit, run, endOf(run, act, needs.urlOf))) {
      await point('launcher.run.ended')
      needs.wakeQueue()
    }
  }

  return perform
}

/** How long an attempt may wait for its claim. */
function waitSeconds({ longestWaitSeconds }: Executor, spec: JobTypeSpec, kind: AttemptKind): number {
  return placementOf(spec, kind).waitSeconds ?? longestWaitSeconds ?? spec.attemptDeadlineSeconds
}

function attemptOf(run: RunFacts, name: AttemptName): AttemptFacts {
  const attempt = run.attempts.find((candidate) => candidate.name === name)
  if (!attempt) throw new Error(`${run.run} has no attempt ${name}`)
  return attempt
}
