import {
  type BotId,
  type Digest,
  distinctKeys,
  type JobTypeName,
  type Key,
  nameOfKey,
  type RunId,
} from '../../schemas/words.ts'
import type { Queryable, Transaction } from '../kit/store/database.ts'

export type KeyState = Key & {
  readonly generation: number
  readonly newestRun: RunId | undefined
  readonly highestRevision: number | undefined
  /** When the transaction began that holds it. */
  readonly heldAt: Date
}

type KeyRow = {
  bot: BotId
  job_type: JobTypeName
  generation: number
  newest_run: RunId | null
  highest_revision: number | null
  now: Date
}

/** Locks the keys' rows in their order, so that no two transactions wait for each other, and makes those that are missing. */
export async function lockKeys(transaction: Transaction, keys: readonly Key[]): Promise<Map<string, KeyState>> {
  if (keys.length === 0) return new Map()
  const wanted = distinctKeys(keys)
  const rows = await transaction.query<KeyRow>(
    `insert into intake.keys (bot, job_type)
     select bot, job_type from unnest($1::text[], $2::text[]) as wanted (bot, job_type) order by bot, job_type
     on conflict (bot, job_type) do update set generation = keys.generation
     returning bot, job_type, generation, newest_run, highest_revision, now() as now`,
    [wanted.map(({ bot }) => bot), wanted.map(({ jobType }) => jobType)],
  )
  return new Map(
    rows.map((row) => {
      const key = { bot: row.bot, jobType: row.job_type }
      const state: KeyState = {
        ...key,
        generation: row.generation,
        newestRun: row.newest_run ?? undefined,
        highestRevision: row.highest_revision ?? undefined,
        heldAt: row.now,
      }
      return [nameOfKey(key), state]
    }),
  )
}

/** The newest dataset of each bot that was found usable, for whichever job type. */
export async function latestDatasets(
  database: Queryable,
  bots: readonly BotId[],
): Promise<Map<BotId, { uri: string; digest: Digest }>> {
  if (bots.length === 0) return new Map()
  const rows = await database.query<{ bot: BotId; dataset: Digest; dataset_uri: string }>(
    `select distinct on (bot) bot, dataset, dataset_uri from intake.keys
      where bot = any($1) and dataset is not null order by bot, dataset_at desc`,
    [bots],
  )
  return new Map(rows.map((row) => [row.bot, { uri: row.dataset_uri, digest: row.dataset }]))
}
