/**
 * Evaluated models and what became of them.
 *
 * States: evaluated → promoted | held | rejected; held → promoted | rejected (a person) | overtaken | expired.
 * Invariants: one row per run, however often its evaluation is delivered; a state is changed only from the state that it
 * is thought to be in, under the lock on the key's row.
 */
import type { EventData } from '../../../schemas/catalogue.ts'
import type { Verdict, VerdictFacts } from '../../../schemas/evaluation.ts'
import { PromotionPolicy } from '../../../schemas/job-type.ts'
import type { BotId, Digest, EvaluationId, JobTypeName, Key, ModelState, RunId } from '../../../schemas/words.ts'
import type { ReceivedEvent } from '../../kit/bus/events.ts'
import type { Cause } from '../../kit/bus/outbox.ts'
import { broken } from '../../kit/errors.ts'
import type { Queryable, Transaction } from '../../kit/store/database.ts'
import type { Issued, Model } from './keys.ts'

export type ModelRecord = Key & {
  readonly run: RunId
  readonly generation: number
  readonly evaluation: EvaluationId
  readonly model: Model
  readonly document: Digest
  readonly policy: PromotionPolicy
  readonly cause: Cause
  readonly failures: number
  readonly state: ModelState
  readonly verdict: Verdict | null
  readonly facts: VerdictFacts | null
  readonly decidedBy: DecidedBy | null
  readonly actor: string | null
  readonly reason: string | null
  readonly decidedAt: Date | null
  readonly dueAt: Date | null
  readonly overtakenBy: RunId | null
}

export type DecidedBy = EventData<'model.rejected'>['decidedBy']

type ModelRow = {
  run: RunId
  bot: BotId
  job_type: JobTypeName
  generation: number
  evaluation: EvaluationId
  model_url: string
  model_digest: Digest
  document: Digest
  policy: unknown
  cause: Cause
  failures: number
  state: ModelState
  verdict: Verdict | null
  facts: VerdictFacts | null
  decided_by: DecidedBy | null
  actor: string | null
  reason: string | null
  decided_at: Date | null
  due_at: Date | null
  overtaken_by: RunId | null
}

const columns = `run, bot, job_type, generation, evaluation, model_url, model_digest, document, policy, cause, failures, state,
  verdict, facts, decided_by, actor, reason, decided_at, due_at, overtaken_by`
const pageSize = 100

/** How long a model waits for its own request, where that decides: both are on their way, on two topics. */
const requestWaitSeconds = 300

/**
 * After a rollback, a model whose request is not heard of yet waits for that.
 * @throws ZodError when a policy is not what its schema says: such a message belongs to the dead letters
 */
export async function recordModels(
  transaction: Transaction,
  events: readonly ReceivedEvent<'model.evaluated'>[],
): Promise<number> {
  if (events.length === 0) return 0
  const rows = events.map(({ data, cause }) => ({
    run: data.run,
    bot: data.bot,
    job_type: data.jobType,
    generation: data.generation,
    evaluation: data.evaluation,
    model_url: data.model.url,
    model_digest: data.model.digest,
    document: data.document,
    policy: PromotionPolicy.parse(JSON.parse(data.promotionPolicy)),
    cause,
  }))
  return await transaction.execute(
    `insert into promoter.models
            (run, bot, job_type, generation, evaluation, model_url, model_digest, document, policy, cause, due_at)
     select run, bot, job_type, generation, evaluation, model_url, model_digest, document, policy, cause,
            case when rolled_back_at is null or generation <= highest_generation then now()
                 else now() + make_interval(secs => $2) end
       from jsonb_to_recordset($1::jsonb)
         as given (run text, bot text, job_type text, generation bigint, evaluation text, model_url text,
                   model_digest text, document text, policy jsonb, cause jsonb)
       join promoter.keys using (bot, job_type)
     on conflict do nothing`,
    [JSON.stringify(rows), requestWaitSeconds],
  )
}

/** @returns how many models had waited for these requests */
export async function hastenModels(transaction: Transaction, requested: readonly Issued[]): Promise<number> {
  if (requested.length === 0) return 0
  return await transaction.execute(
    `update promoter.models model set due_at = now()
       from unnest($1::text[], $2::text[], $3::bigint[]) as given (bot, job_type, generation)
      where model.bot = given.bot and model.job_type = given.job_type and model.generation = given.generation
        and model.state = 'evaluated' and model.failures = 0 and model.due_at > now()`,
    [
      requested.map(({ key }) => key.bot),
      requested.map(({ key }) => key.jobType),
      requested.map(({ generation }) => generation),
    ],
  )
}

/** Locks a key that has a verdict due and nobody at it; undefined when there is none. */
export async function claimJudgable(transaction: Transaction): Promise<Key | undefined> {
  return await claimKey(transaction, 'evaluated')
}

/** Locks a key with a held model whose time is over; undefined when there is none. */
export async function claimExpired(transaction: Transaction): Promise<Key | undefined> {
  return await claimKey(transaction, 'held')
}

async function claimKey(transaction: Transaction, state: ModelState): Promise<Key | undefined> {
  const rows = await transaction.query<{ bot: BotId; job_type: JobTypeName }>(
    `select key.bot, key.job_type
       from promoter.models model join promoter.keys key using (bot, job_type)
      where model.state = '${state}' and model.due_at <= now()
      order by model.due_at limit 1
        for update of key skip locked`,
  )
  return rows[0] && { bot: rows[0].bot, jobType: rows[0].job_type }
}

/** Whether a verdict is due, on a key that is locked too. */
export async function isVerdictDue(database: Queryable): Promise<boolean> {
  const rows = await database.query(`select from promoter.models where state = 'evaluated' and due_at <= now() limit 1`)
  return rows.length > 0
}

/** The models of a locked key in this state whose time has come, the oldest generation first. */
export async function dueModels(
  transaction: Transaction,
  key: Key,
  state: 'evaluated' | 'held',
): Promise<ModelRecord[]> {
  const rows = await transaction.query<ModelRow>(
    `select ${columns} from promoter.models
      where bot = $1 and job_type = $2 and state = $3 and due_at <= now() order by generation`,
    [key.bot, key.jobType, state],
  )
  return rows.map(recordOf)
}

export async function findModel(database: Queryable, run: RunId): Promise<ModelRecord | undefined> {
  const rows = await database.query<ModelRow>(`select ${columns} from promoter.models where run = $1`, [run])
  return rows[0] && recordOf(rows[0])
}

/**
 * The models that machines have judged, the newest first, read in batches.
 * @param beforeRun only those that were evaluated before this one
 */
export async function* judgedModels(
  database: Queryable,
  limit: number,
  beforeRun?: RunId,
): AsyncGenerator<ModelRecord> {
  let before = beforeRun === undefined ? null : await idOf(database, beforeRun)
  if (before === undefined) return
  for (let left = limit; left > 0; left -= pageSize) {
    const rows: (ModelRow & { id: number })[] = await database.query(
      `select ${columns}, id from promoter.models
        where verdict is not null and ($1::bigint is null or id < $1) order by id desc limit $2`,
      [before, Math.min(pageSize, left)],
    )
    yield* rows.map(recordOf)
    before = rows.at(-1)?.id ?? null
    if (before === null) return
  }
}

async function idOf(database: Queryable, run: RunId): Promise<number | undefined> {
  const rows = await database.query<{ id: number }>('select id from promoter.models where run = $1', [run])
  return rows[0]?.id
}

export async function heldModels(database: Queryable, { bot, jobType }: Key): Promise<ModelRecord[]> {
  const rows = await database.query<ModelRow>(
    `select ${columns} from promoter.models where bot = $1 and job_type = $2 and state = 'held' order by generation desc`,
    [bot, jobType],
  )
  return rows.map(recordOf)
}

/** Stores the machine's word and what it makes of the model. */
export async function storeVerdict(
  transaction: Transaction,
  model: ModelRecord,
  { state, verdict, facts, reason }: { state: ModelState; verdict: Verdict; facts: VerdictFacts; reason: string },
): Promise<Date> {
  const rows = await transaction.query<{ decided_at: Date }>(
    `update promoter.models
        set state = $2, verdict = $3, facts = $4, decided_by = 'policy', reason = $5, decided_at = now(),
            due_at = case when $2 = 'held' then now() + make_interval(secs => $6) end
      where run = $1 and state = 'evaluated'
      returning decided_at`,
    [model.run, state, JSON.stringify(verdict), JSON.stringify(facts), reason, model.policy.heldExpiresAfterSeconds],
  )
  return changed(rows, model)
}

/** A held model's end, by a person or by its limit. */
export async function endHeld(
  transaction: Transaction,
  model: ModelRecord,
  end: { state: ModelState; decidedBy: DecidedBy; actor: string | null; reason: string },
): Promise<Date> {
  const rows = await transaction.query<{ decided_at: Date }>(
    `update promoter.models
        set state = $2, decided_by = $3, actor = $4, reason = $5, decided_at = now(), due_at = null
      where run = $1 and state = 'held'
      returning decided_at`,
    [model.run, end.state, end.decidedBy, end.actor, end.reason],
  )
  return changed(rows, model)
}

/** Turns the held models of generations below that of a model in force into overtaken, and gives them. */
export async function overtakeOlder(
  transaction: Transaction,
  key: Key,
  by: { readonly run: RunId; readonly generation: number },
): Promise<ModelRecord[]> {
  const rows = await transaction.query<ModelRow>(
    `update promoter.models set state = 'overtaken', overtaken_by = $4, decided_at = now(), due_at = null
      where bot = $1 and job_type = $2 and state = 'held' and generation < $3
      returning ${columns}`,
    [key.bot, key.jobType, by.generation, by.run],
  )
  return rows.map(recordOf).sort((a, b) => a.generation - b.generation)
}

/** After a failure: the next try is later each time, so that one model that cannot be judged holds up no other. */
export async function postpone(database: Queryable, run: RunId): Promise<void> {
  await database.execute(
    `update promoter.models
        set failures = failures + 1, due_at = now() + make_interval(secs => 2 ^ least(failures + 1, 9))
      where run = $1 and state = 'evaluated'`,
    [run],
  )
}

/** Milliseconds until the next held model expires; undefined when none is held. */
export async function msUntilExpiry(database: Queryable): Promise<number | undefined> {
  const rows = await database.query<{ ms: number | null }>(
    `select extract(epoch from min(due_at) - now()) * 1000 as ms from promoter.models where state = 'held'`,
  )
  const ms = rows[0]?.ms
  return ms === null || ms === undefined ? undefined : Math.max(0, Math.ceil(ms))
}

function changed(rows: readonly { decided_at: Date }[], { run, state }: ModelRecord): Date {
  const row = rows[0]
  if (row === undefined) throw broken(`the model of ${run} is no longer ${state}, though its key is locked`)
  return row.decided_at
}

function recordOf(row: ModelRow): ModelRecord {
  const { run, bot, generation, evaluation, document, cause, failures, state } = row
  const { verdict, facts, actor, reason } = row
  return {
    run,
    bot,
    jobType: row.job_type,
    generation,
    evaluation,
    model: { url: row.model_url, digest: row.model_digest },
    document,
    // What a later version has added to policies is filled in.
    policy: PromotionPolicy.parse(row.policy),
    cause,
    failures,
    state,
    verdict,
    facts,
    decidedBy: row.decided_by,
    actor,
    reason,
    decidedAt: row.decided_at,
    dueAt: row.due_at,
    overtakenBy: row.overtaken_by,
  }
}
