/**
 * Keys and the models that were in force for them.
 *
 * Invariants: exactly one champion per key once it has had one, the one whose sequence the key names; sequences begin
 * at 1 and leave out nothing but what a restored database has forgotten (I4); the fence only grows (I3). Whoever
 * changes a key, or says anything about it, holds the lock on its row.
 */
import type { Digest, EvaluationId, JobTypeName, Key, RunId } from '../../../schemas/words.ts'
import type { Queryable, Transaction } from '../../kit/store/database.ts'

export type Model = { readonly url: string; readonly digest: Digest }

export type Champion = {
  readonly sequence: number
  readonly run: RunId
  readonly generation: number
  readonly evaluation: EvaluationId
  readonly model: Model
  readonly decidedBy: 'policy' | 'person'
  readonly actor: string | null
  readonly reason: string
  readonly decidedAt: Date
}

export type KeyState = Key & {
  readonly fence: number
  readonly highestGeneration: number
  readonly championSequence: number
  /** The next champion's. */
  readonly nextSequence: number
  readonly pin: { readonly actor: string; readonly reason: string; readonly since: Date } | null
  readonly champion: Champion | null
}

/** That a generation of a key exists. */
export type Issued = { readonly key: Key; readonly generation: number }
export type Requested = Issued & { readonly requestedAtMs: number }

type KeyRow = {
  bot: Key['bot']
  job_type: JobTypeName
  fence: number
  highest_generation: number
  champion_sequence: number
  said_sequence: number
  pin_actor: string | null
  pin_reason: string | null
  pinned_at: Date | null
}

type ChampionRow = {
  sequence: number
  run: RunId
  generation: number
  evaluation: EvaluationId
  model_url: string
  model_digest: Digest
  decided_by: 'policy' | 'person'
  actor: string | null
  reason: string
  decided_at: Date
}

const keyColumns =
  'key.bot, key.job_type, key.fence, key.highest_generation, key.champion_sequence, key.said_sequence, key.pin_actor, key.pin_reason, key.pinned_at'
const championQuery = `
  select champion.sequence, champion.run, model.generation, model.evaluation, model.model_url, model.model_digest,
         champion.decided_by, champion.actor, champion.reason, champion.decided_at
    from promoter.champions champion join promoter.models model using (run)
   where champion.bot = $1 and champion.job_type = $2`

const issuedAs = (columns: string) =>
  `jsonb_to_recordset($1::jsonb) as given (bot text, job_type text, generation bigint${columns})`
const rowsOf = (issued: readonly Issued[], more: (index: number) => object = () => ({})): string =>
  JSON.stringify(
    issued.map(({ key, generation }, index) => ({ bot: key.bot, job_type: key.jobType, generation, ...more(index) })),
  )

/** Makes keys known, and locks them in their order before they are looked at, so that no rollback comes in between. */
async function lockAll(transaction: Transaction, rows: string): Promise<void> {
  await transaction.execute(
    `insert into promoter.keys (bot, job_type) select distinct bot, job_type from ${issuedAs('')} order by bot, job_type
     on conflict (bot, job_type) do update set fence = keys.fence`,
    [rows],
  )
}

/** Notes generations that were requested: those that were before a rollback fall below its fence. */
export async function noteRequested(transaction: Transaction, requested: readonly Requested[]): Promise<void> {
  if (requested.length === 0) return
  const rows = rowsOf(requested, (index) => ({
    requested_at: new Date(requested[index]?.requestedAtMs ?? 0).toISOString(),
  }))
  await lockAll(transaction, rows)
  await transaction.execute(
    `update promoter.keys key
        set highest_generation = greatest(key.highest_generation, heard.highest), fence = greatest(key.fence, heard.late)
       from (select key.bot, key.job_type, max(given.generation) as highest,
                    max(given.generation) filter (where given.requested_at <= key.rolled_back_at) as late
               from promoter.keys key join ${issuedAs(', requested_at timestamptz')} using (bot, job_type)
              group by key.bot, key.job_type) heard
      where key.bot = heard.bot and key.job_type = heard.job_type`,
    [rows],
  )
}

/**
 * Notes generations that an evaluation tells of. After a rollback that is not enough: only its request says on which side
 * of it a generation is.
 */
export async function noteEvaluated(transaction: Transaction, evaluated: readonly Issued[]): Promise<void> {
  if (evaluated.length === 0) return
  const rows = rowsOf(evaluated)
  await lockAll(transaction, rows)
  await transaction.execute(
    `update promoter.keys key set highest_generation = greatest(key.highest_generation, heard.highest)
       from (select bot, job_type, max(generation) as highest from ${issuedAs('')} group by bot, job_type) heard
      where key.bot = heard.bot and key.job_type = heard.job_type and key.rolled_back_at is null`,
    [rows],
  )
}

/** Its request was waited for in vain: nobody knows when it was, so it falls below the fence. */
export async function noteUnheard(transaction: Transaction, { bot, jobType }: Key, generation: number): Promise<void> {
  await transaction.execute(
    `update promoter.keys set highest_generation = greatest(highest_generation, $3), fence = greatest(fence, $3)
      where bot = $1 and job_type = $2`,
    [bot, jobType, generation],
  )
}

export async function lockKey(transaction: Transaction, { bot, jobType }: Key): Promise<KeyState | undefined> {
  const rows = await transaction.query<KeyRow>(
    `select ${keyColumns} from promoter.keys key where bot = $1 and job_type = $2 for update`,
    [bot, jobType],
  )
  return rows[0] && (await withChampion(transaction, rows[0]))
}

/** All keys of a bot, in the order of their job types. */
export async function keysOf(database: Queryable, bot: Key['bot']): Promise<KeyState[]> {
  const rows = await database.query<KeyRow>(
    `select ${keyColumns} from promoter.keys key where bot = $1 order by job_type`,
    [bot],
  )
  return Promise.all(rows.map((row) => withChampion(database, row)))
}

/** Those whose champion is not on its way to the bus right now. */
export async function keysWithChampion(database: Queryable): Promise<Key[]> {
  const rows = await database.query<Pick<KeyRow, 'bot' | 'job_type'>>(
    `select bot, job_type from promoter.keys
      where champion_sequence > 0 and not exists (
        select from promoter.outbox
         where published_at is null and refused_at is null and topic = 'trainyard.champions' and outbox.key = convert_to(bot || '/' || job_type, 'UTF8'))
      order by bot, job_type`,
  )
  return rows.map(({ bot, job_type: jobType }) => ({ bot, jobType }))
}

async function withChampion(database: Queryable, row: KeyRow): Promise<KeyState> {
  const { bot, job_type: jobType, pin_actor: actor, pin_reason: reason, pinned_at: since } = row
  const champions = await database.query<ChampionRow>(`${championQuery} and champion.sequence = $3`, [
    bot,
    jobType,
    row.champion_sequence,
  ])
  return {
    bot,
    jobType,
    fence: row.fence,
    highestGeneration: row.highest_generation,
    championSequence: row.champion_sequence,
    nextSequence: Math.max(row.champion_sequence, row.said_sequence) + 1,
    pin: since && { actor: actor ?? '', reason: reason ?? '', since },
    champion: champions[0] ? championOf(champions[0]) : null,
  }
}

/** Every model that was in force, the newest first. */
export async function championsOf(database: Queryable, { bot, jobType }: Key, limit: number): Promise<Champion[]> {
  const rows = await database.query<ChampionRow>(`${championQuery} order by champion.sequence desc limit $3`, [
    bot,
    jobType,
    limit,
  ])
  return rows.map(championOf)
}

/**
 * What a rollback goes to: the newest champion with this sequence or run. Without either, the newest of an older generation
 * than the present one: so each further rollback goes further back, and none returns to what one before it threw out.
 */
export async function earlierChampion(
  transaction: Transaction,
  { bot, jobType, champion }: KeyState,
  { run, sequence }: { run?: RunId | undefined; sequence?: number | undefined },
): Promise<Champion | undefined> {
  const rows = await transaction.query<ChampionRow>(
    `${championQuery}
        and ($3::bigint is null or champion.sequence = $3)
        and ($4::text is null or champion.run = $4)
        and ($3 is not null or $4 is not null or model.generation < $5)
      order by champion.sequence desc limit 1`,
    [bot, jobType, sequence ?? null, run ?? null, champion?.generation ?? 0],
  )
  return rows[0] && championOf(rows[0])
}

/** What the champion replaced; sequences may leave some out, after a restore from a backup. */
export async function championBefore(
  transaction: Transaction,
  { bot, jobType, championSequence }: KeyState,
): Promise<Champion | undefined> {
  const rows = await transaction.query<ChampionRow>(
    `${championQuery} and champion.sequence < $3 order by champion.sequence desc limit 1`,
    [bot, jobType, championSequence],
  )
  return rows[0] && championOf(rows[0])
}

export async function addChampion(
  transaction: Transaction,
  { bot, jobType }: Key,
  champion: Pick<Champion, 'sequence' | 'run' | 'decidedBy' | 'actor' | 'reason'>,
): Promise<Date> {
  const { sequence, run, decidedBy, actor, reason } = champion
  const rows = await transaction.query<{ decided_at: Date }>(
    `insert into promoter.champions (bot, job_type, sequence, run, decided_by, actor, reason)
     values ($1, $2, $3, $4, $5, $6, $7) returning decided_at`,
    [bot, jobType, sequence, run, decidedBy, actor, reason],
  )
  await transaction.execute(`update promoter.keys set champion_sequence = $3 where bot = $1 and job_type = $2`, [
    bot,
    jobType,
    sequence,
  ])
  return rows[0]?.decided_at ?? new Date(0)
}

/** That a sequence was given out, which this database does not know. */
export async function noteSaid(transaction: Transaction, { bot, jobType }: Key, sequence: number): Promise<void> {
  await transaction.execute(
    `insert into promoter.keys as key (bot, job_type, said_sequence) values ($1, $2, $3)
     on conflict (bot, job_type) do update set said_sequence = greatest(key.said_sequence, excluded.said_sequence)`,
    [bot, jobType, sequence],
  )
}

export async function raiseFence(transaction: Transaction, { bot, jobType }: Key, to: number): Promise<void> {
  await transaction.execute(`update promoter.keys set fence = greatest(fence, $3) where bot = $1 and job_type = $2`, [
    bot,
    jobType,
    to,
  ])
}

export async function noteRollback(
  transaction: Transaction,
  { bot, jobType }: Key,
  pin: { readonly actor: string; readonly reason: string } | null,
): Promise<void> {
  await transaction.execute(
    `update promoter.keys
        set fence = greatest(fence, highest_generation), rolled_back_at = now(),
            pinned = pinned or $3, pin_actor = case when $3 then $4 else pin_actor end,
            pin_reason = case when $3 then $5 else pin_reason end, pinned_at = case when $3 then now() else pinned_at end
      where bot = $1 and job_type = $2`,
    [bot, jobType, pin !== null, pin?.actor ?? null, pin?.reason ?? null],
  )
}

export async function unpinKey(transaction: Transaction, { bot, jobType }: Key): Promise<void> {
  await transaction.execute(
    `update promoter.keys set pinned = false, pin_actor = null, pin_reason = null, pinned_at = null
      where bot = $1 and job_type = $2`,
    [bot, jobType],
  )
}

function championOf(row: ChampionRow): Champion {
  const { sequence, run, generation, evaluation, actor, reason } = row
  return {
    sequence,
    run,
    generation,
    evaluation,
    model: { url: row.model_url, digest: row.model_digest },
    decidedBy: row.decided_by,
    actor,
    reason,
    decidedAt: row.decided_at,
  }
}
