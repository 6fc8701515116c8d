/** What the launcher's ledger says about a run, as plain values: all that the pure steps decide from. Times are milliseconds since 1970. */

import type { EventData } from '../../schemas/catalogue.ts'
import type { JobTypeSpec } from '../../schemas/job-type.ts'
import type { AttemptName, AttemptOutcome, BotId, Digest, JobTypeName, RunId, RunState } from '../../schemas/words.ts'
import type { Cause } from '../kit/bus/outbox.ts'

export type AttemptKind = 'train' | 'predict'
export type Dataset = EventData<'run.succeeded'>['dataset']
export type Model = EventData<'run.succeeded'>['model']

export type RunStop =
  | { readonly kind: 'superseded'; readonly by: RunId }
  | { readonly kind: 'cancelled'; readonly actor: string; readonly reason: string }

export interface Champion {
  readonly run: RunId
  readonly sequence: number
  readonly model: Model
}

/** The champion that sits the same exam, with what its own run recorded. */
export interface Examinee extends Champion {
  readonly spec: JobTypeSpec
  readonly train: Digest
  /** Known already, from this run or from any before. */
  readonly answers: Digest | null
}

export interface AttemptFacts {
  readonly name: AttemptName
  readonly kind: AttemptKind
  readonly number: number
  readonly state: 'created' | 'claimed' | 'ended'
  /** The executor has it on record: absent there means ended (D6). */
  readonly placed: boolean
  /** How it stands, in the executor's words, as far as it is on record. */
  readonly standing: string | null
  readonly stop: string | null
  readonly released: boolean
  /** Done means committed: nothing else is success. */
  readonly outcome: AttemptOutcome | null
  readonly reason: string | null
  readonly exitCode: number | null
  readonly createdMs: number
  readonly claimedMs: number | null
  /** Until when it must be claimed, or, once it is, have ended by its own clock. */
  readonly dueMs: number
  readonly endedMs: number | null
  readonly model: Digest | null
  readonly answers: Digest | null
}

export interface RunFacts {
  readonly run: RunId
  readonly bot: BotId
  readonly jobType: JobTypeName
  readonly generation: number
  readonly state: RunState
  readonly spec: JobTypeSpec
  readonly dataset: Dataset
  readonly cause: Cause
  readonly stop: RunStop | null
  readonly holdsKey: boolean
  readonly verdictDueMs: number | null
  readonly startedMs: number | null
  /**
   * The champion when the run started; null without one, or when its run is not on record here (then there is nothing
   * to sit the exam with, and the promoter holds the candidate, since it knows of a champion that was not met).
   */
  readonly examinee: Examinee | null
  /** By kind and number. */
  readonly attempts: readonly AttemptFacts[]
  /** It stored something that nobody needs any more. */
  readonly leftovers: boolean
}

/** The program's specification: the run's own, or that of the champion for a predict-only attempt. */
export function specOf(run: RunFacts, kind: AttemptKind): JobTypeSpec {
  return kind === 'predict' ? (run.examinee?.spec ?? run.spec) : run.spec
}
