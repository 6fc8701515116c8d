/**
 * The evaluations that are to be made and those that were.
 *
 * States: pending → done. Invariants:
 * - one row per run and per evaluation id, however often the run's success is delivered;
 * - who works on a key holds the lock on its row, so no two replicas evaluate for the same key at once.
 */
import type { EventData } from '../../schemas/catalogue.ts'
import { evaluationIdOf } from '../../schemas/evaluation.ts'
import type { Digest, EvaluationId, RunId } from '../../schemas/words.ts'
import type { ReceivedEvent } from '../kit/bus/events.ts'
import type { Cause } from '../kit/bus/outbox.ts'
import type { Queryable, Transaction } from '../kit/store/database.ts'

export type Succeeded = EventData<'run.succeeded'>
export type Pending = {
  readonly id: EvaluationId
  readonly succeeded: Succeeded
  readonly cause: Cause
  readonly failures: number
}

export async function record(transaction: Transaction, events: readonly ReceivedEvent[]): Promise<number> {
  const succeeded = events.filter((event) => event.name === 'run.succeeded')
  if (succeeded.length === 0) return 0
  const rows = JSON.stringify(
    succeeded.map(({ data, cause }) => ({
      id: evaluationIdOf(data.run, data.champion?.sequence ?? null),
      run: data.run,
      bot: data.bot,
      job_type: data.jobType,
      generation: data.generation,
      succeeded: data,
      cause,
    })),
  )
  await transaction.execute(
    `insert into evaluator.keys (bot, job_type)
     select distinct bot, job_type from jsonb_to_recordset($1::jsonb) as given (bot text, job_type text)
      order by bot, job_type
     on conflict do nothing`,
    [rows],
  )
  return await transaction.execute(
    `insert into evaluator.evaluations (id, run, bot, job_type, generation, succeeded, cause)
     select id, run, bot, job_type, generation, succeeded, cause
       from jsonb_to_recordset($1::jsonb)
         as given (id text, run text, bot text, job_type text, generation bigint, succeeded jsonb, cause jsonb)
     on conflict do nothing`,
    [rows],
  )
}

/** Locks a key that has something due and nobody at it, and gives the oldest of it; undefined when there is none. */
export async function claim(transaction: Transaction): Promise<Pending | undefined> {
  const keys = await transaction.query<{ bot: string; job_type: string }>(
    `select key.bot, key.job_type
       from evaluator.evaluations pending join evaluator.keys key using (bot, job_type)
      where pending.state = 'pending' and pending.due_at <= now()
      order by pending.due_at limit 1
        for update of key skip locked`,
  )
  const key = keys[0]
  if (key === undefined) return undefined
  // Asked again under the lock: another replica may have made it in between.
  const rows = await transaction.query<Pending>(
    `select id, succeeded, cause, failures from evaluator.evaluations
      where bot = $1 and job_type = $2 and state = 'pending' and due_at <= now()
      order by generation limit 1`,
    [key.bot, key.job_type],
  )
  return rows[0]
}

/** Whether an evaluation is due, of a key that is locked too. */
export async function isDue(database: Queryable): Promise<boolean> {
  const rows = await database.query(
    `select from evaluator.evaluations where state = 'pending' and due_at <= now() limit 1`,
  )
  return rows.length > 0
}

/** Resolves to the time of the evaluation, by the database's clock. */
export async function finish(transaction: Transaction, id: EvaluationId, document: Digest): Promise<Date | undefined> {
  const rows = await transaction.query<{ evaluated_at: Date }>(
    `update evaluator.evaluations set state = 'done', document = $2, evaluated_at = now()
      where id = $1 and state = 'pending' returning evaluated_at`,
    [id, document],
  )
  return rows[0]?.evaluated_at
}

/** After a failure: the next try is later each time, so that one broken evaluation holds up no other. */
export async function postpone(database: Queryable, id: EvaluationId): Promise<void> {
  await database.execute(
    `update evaluator.evaluations
        set failures = failures + 1, due_at = now() + make_interval(secs => 2 ^ least(failures + 1, 9))
      where id = $1 and state = 'pending'`,
    [id],
  )
}

/** The labels of the exam that a run's own model sat; undefined for a run that this evaluator has never heard of. */
export async function labelsOf(database: Queryable, run: RunId): Promise<Digest | undefined> {
  const rows = await database.query<{ labels: Digest }>(
    `select succeeded -> 'dataset' ->> 'examLabels' as labels from evaluator.evaluations where run = $1`,
    [run],
  )
  return rows[0]?.labels
}
