/**
 * The port through which the launcher starts attempts and learns how they ended. Two executors stand behind it: child
 * processes and Kubernetes Jobs. The launcher decides *what* should be there (its ledger in Postgres); an executor only
 * makes it so and says what is there. Nothing an executor holds in memory matters: after a crash of the launcher a
 * new executor finds the same attempts by their names.
 *
 * What every executor promises:
 * - `start` of a name that is there already starts nothing (I1). That a released name is never started again is the
 *   ledger's to see to; if it were, the run API would refuse the claim.
 * - `observe` tells what is true now; `ended` is said only when nothing of the attempt is running any more, so that a
 *   successor may start (D13). That the *work* succeeded is not its business: a committed manifest says that.
 * - What an attempt left behind stays until `release` (I7).
 * - `close` lets go of attempts without touching them.
 */

import type { JobTypeSpec } from '../../../schemas/job-type.ts'
import type { AttemptName, BotId, JobTypeName, RunId } from '../../../schemas/words.ts'

/** Everything needed to start an attempt, from the request's frozen row alone: the same after a crash (D6). */
export type AttemptToStart = {
  /** Unique for ever and DNS-safe; the executor's own key for the attempt. */
  name: AttemptName
  run: RunId
  bot: BotId
  jobType: JobTypeName
  /** Of the run, also where the champion answers. */
  generation: number
  spec: JobTypeSpec
  /** `train`: trains, then sits the exam. `predict`: sits the exam with a model that is there already. */
  kind: 'train' | 'predict'
  /** The attempt's only secret; it opens the run API for this attempt and nothing else (D10). */
  token: string
  /** Base URL of the run API as the attempt reaches it, without `/run-api/…` and without a slash at the end. */
  runApiUrl: string
  /** How long the attempt may last, counted from the start. The runner itself keeps to what the claim's answer says. */
  deadlineMs: number
  /** How long a program may take to stop after SIGTERM. */
  graceMs: number
  /** W3C trace context of the request, handed to the runner. */
  traceparent: string
}

/**
 * What is there under a name at this moment.
 * - `absent`: never started here, or released.
 * - `starting`: it is placed but does not run yet (a pod waiting for a node, a process not yet confirmed).
 * - `running`: its runner is alive, or, after the runner's death, something of its program still is.
 * - `ended`: all of it is gone. `exitCode` and `signal` are the runner's where they are known, else null; `reason` says
 *   in words how it ended, fit for an operator to read.
 *
 * `handle` names the thing itself (process id and start time, or Job uid), so that the launcher can record it: a name
 * with a handle on record that is absent now has ended, and is never created again (D6).
 */
export type Observation =
  | { state: 'absent' }
  | ({ state: 'starting'; hopeless?: Hopeless } & Standing)
  | ({ state: 'running' } & Standing)
  | { state: 'ended'; exitCode: number | null; signal: string | null; reason: string; isDisrupted?: boolean }

export interface Standing {
  handle: string
  /** How it stands, for people: what it waits for, or where it runs. */
  words?: string
  /**
   * It was taken away (a Job deleted by hand, or by a stop while its pod was just being made), and what is left of it was
   * not told to stop: it is to be stopped once more.
   */
  isForsaken?: boolean
  /** Since when its runner runs, where that is known: milliseconds since 1970, by the executor's clock. */
  begunMs?: number
  /** It is told to stop, and the machine that it is on does not answer: it may run on, and when that ends nobody may hear. */
  isNodeLost?: boolean
}

/** It will not start, however long one waits; `outcome` says whether another try may help. */
export interface Hopeless {
  readonly outcome: 'badInput' | 'lost'
  readonly reason: string
}

/** One thing that the executor's world has said about an attempt, beside the program's log. */
export interface Remark {
  readonly at: Date
  readonly words: string
}

export interface Executor {
  readonly name: 'process' | 'kubernetes'

  /** Where its attempts are: it sees those of every launcher that has the same place, and of no other. */
  readonly place: string

  /** How long an attempt may wait for a place to run where its placement does not say; null: as long as it may run. */
  readonly longestWaitSeconds: number | null

  /**
   * Starts the attempt, or adopts it: when one of this name is there, or has ended and is not released, nothing
   * happens. Resolves when the start is on record, not when the attempt runs; to how it stands then, where that is known,
   * so that `onChange` need not say it. A rejection means that it was not started; a retryable error may be tried again
   * with the same attempt.
   */
  start(attempt: AttemptToStart): Promise<Pick<Standing, 'words'>>

  observe(name: AttemptName): Promise<Observation>

  /**
   * Asks the attempt to stop, and ends all of it by force after the grace time. Resolves when the asking is done; the
   * end is told by `onChange` and `observe`. Repeating it is harmless and does not lengthen the grace time; a name that is
   * absent or ended is no error.
   */
  stop(name: AttemptName, graceMs: number): Promise<void>

  /**
   * Lets the traces of an ended attempt go; it may be seen as ended until the last of them has gone. Called only when
   * its logs, result and reason are stored (I7). Refused while it runs; a name that is absent is no error.
   */
  release(name: AttemptName): Promise<void>

  /**
   * Says which attempt to look at again: a hint that may come twice, or once for several changes (D7). Each listener
   * stays until `close`.
   */
  onChange(listener: (name: AttemptName) => void): void

  /** What is in the way of ever carrying out such attempts here, as far as can be told now: sentences for people. */
  objections(spec: JobTypeSpec): Promise<string[]>

  /** What there is to tell of an attempt beside its log: node, events, exit. Empty for one that is absent. */
  remarks(name: AttemptName): Promise<Remark[]>

  /** Every attempt that is here and not released, also those that another process started. */
  list(): Promise<AttemptName[]>

  /** Stops watching. Attempts go on running, to be found by the next executor. */
  close(): Promise<void>
}
