/** Reads the ledger: runs with their attempts, as the facts that the pure steps decide from. */

import { JobTypeSpec } from '../../schemas/job-type.ts'
import type { AttemptName, AttemptOutcome, BotId, Digest, JobTypeName, RunId, RunState } from '../../schemas/words.ts'
import type { Cause } from '../kit/bus/outbox.ts'
import type { Queryable } from '../kit/store/database.ts'
import type { AttemptFacts, AttemptKind, Champion, Dataset, Examinee, RunFacts, RunStop } from './facts.ts'

interface RunRow {
  run: RunId
  bot: BotId
  job_type: JobTypeName
  generation: number
  state: RunState
  spec: unknown
  dataset: Dataset
  cause: Cause
  stop: RunStop | null
  holds_key: boolean
  verdict_due_at: Date | null
  started_at: Date | null
  champion: Champion | null
  champion_spec: unknown
  champion_train: Digest | null
  champion_answers: Digest | null
  leftovers: boolean
  attempts: readonly AttemptRow[]
  now: Date
}

/** As JSON has it: times are texts. */
interface AttemptRow {
  attempt: AttemptName
  kind: AttemptKind
  number: number
  state: AttemptFacts['state']
  placed: boolean
  standing: string | null
  stop: string | null
  released: boolean
  outcome: AttemptOutcome | null
  reason: string | null
  exit_code: number | null
  created_at: string
  claimed_at: string | null
  due_at: string
  ended_at: string | null
  model: Digest | null
  answers: Digest | null
}

const runsWithAttempts = `
  select r.run, r.bot, r.job_type, r.generation, r.state, r.spec, r.dataset, r.cause, r.stop, r.holds_key,
         r.verdict_due_at, r.started_at, r.champion,
         c.spec as champion_spec, c.dataset ->> 'train' as champion_train, a.answers as champion_answers,
         r.state <> 'running' and exists (
           select from launcher.attempt_blobs b join launcher.attempts t on t.attempt = b.attempt
            where t.run = r.run and not b.kept) as leftovers,
         array(
           select to_json(t) from (
             select attempt, kind, number, state, placed_at is not null as placed, standing, stop,
                    released_at is not null as released, outcome, reason, exit_code, created_at, claimed_at, due_at, ended_at,
                    model, answers
               from launcher.attempts where run = r.run order by kind, number) as t) as attempts,
         now() as now
    from launcher.runs r
    left join launcher.runs c on c.run = r.champion ->> 'run'
    left join launcher.answers a
      on a.model = r.champion #>> '{model,digest}' and a.exam = r.dataset ->> 'examTexts' and a.program = c.program
   where r.run = any($1)`

export interface RunRecord {
  readonly run: RunId
  readonly nowMs: number
  /** @throws when the record cannot be understood, which is no matter of the other runs */
  facts(): RunFacts
}

export async function readRuns(database: Queryable, runs: readonly RunId[]): Promise<RunRecord[]> {
  const rows = await database.query<RunRow>(runsWithAttempts, [runs])
  return rows.map((row) => ({ run: row.run, nowMs: row.now.getTime(), facts: () => runFacts(row) }))
}

function runFacts(row: RunRow): RunFacts {
  return {
    run: row.run,
    bot: row.bot,
    jobType: row.job_type,
    generation: row.generation,
    state: row.state,
    spec: JobTypeSpec.parse(row.spec),
    dataset: row.dataset,
    cause: row.cause,
    stop: row.stop,
    holdsKey: row.holds_key,
    verdictDueMs: row.verdict_due_at?.getTime() ?? null,
    startedMs: row.started_at?.getTime() ?? null,
    examinee: examineeOf(row),
    attempts: row.attempts.map(attemptFacts),
    leftovers: row.leftovers,
  }
}

function examineeOf(row: RunRow): Examinee | null {
  if (!row.champion || row.champion_train === null) return null
  return {
    ...row.champion,
    spec: JobTypeSpec.parse(row.champion_spec),
    train: row.champion_train,
    answers: row.champion_answers,
  }
}

function attemptFacts(row: AttemptRow): AttemptFacts {
  return {
    name: row.attempt,
    kind: row.kind,
    number: row.number,
    state: row.state,
    placed: row.placed,
    standing: row.standing,
    stop: row.stop,
    released: row.released,
    outcome: row.outcome,
    reason: row.reason,
    exitCode: row.exit_code,
    createdMs: Date.parse(row.created_at),
    claimedMs: msOf(row.claimed_at),
    dueMs: Date.parse(row.due_at),
    endedMs: msOf(row.ended_at),
    model: row.model,
    answers: row.answers,
  }
}

const msOf = (time: string | null): number | null => (time === null ? null : Date.parse(time))
