/**
 * How many runs of a job type may be in progress: rows, one per slot. The number is the configured one unless a person
 * has chosen another, which outlives restarts. Fewer slots never end a run: a slot in use retires when it is free.
 */

import type { JobTypeName, RunId } from '../../schemas/words.ts'
import { notFound, type TrainyardError } from '../kit/errors.ts'
import type { Database, Transaction } from '../kit/store/database.ts'

export interface SlotCount {
  readonly jobType: JobTypeName
  readonly slots: number
  /** Null once the job type has left the configuration: it keeps its slots for what was requested before. */
  readonly configured: number | null
  /** What a person has chosen instead, by whom and why. */
  readonly chosen: { readonly slots: number; readonly actor: string; readonly reason: string; readonly at: Date } | null
  readonly used: readonly RunId[]
  /** In use beyond the number: they go when their runs end. */
  readonly retiring: number
}

/** Takes over the numbers of the configuration; called at the start. A job type that has left it keeps its slots for what was requested before. */
export async function configureSlots(
  database: Database,
  configured: readonly { readonly jobType: string; readonly slots: number }[],
): Promise<void> {
  const sorted = [...configured].sort((one, other) => (one.jobType < other.jobType ? -1 : 1))
  await database.transaction(async (transaction) => {
    await transaction.execute(
      `insert into launcher.job_types (job_type, configured)
       select * from unnest($1::text[], $2::integer[])
       on conflict (job_type) do update set configured = excluded.configured`,
      [sorted.map(({ jobType }) => jobType), sorted.map(({ slots }) => slots)],
    )
    for (const { jobType } of sorted) await resize(transaction, jobType)
  })
}

/** @param slots null: back to the configured number */
export async function chooseSlots(
  database: Database,
  jobType: JobTypeName,
  slots: number | null,
  { actor, reason }: { readonly actor: string; readonly reason: string },
): Promise<void> {
  await database.transaction(async (transaction) => {
    const known = await transaction.execute(
      'update launcher.job_types set chosen = $2, actor = $3, reason = $4, changed_at = now() where job_type = $1',
      [jobType, slots, actor, reason],
    )
    if (known === 0) throw await unknownJobType(transaction, jobType)
    await resize(transaction, jobType)
  })
}

async function unknownJobType(transaction: Transaction, jobType: JobTypeName): Promise<TrainyardError> {
  const known = await transaction.query<{ job_type: JobTypeName }>(
    'select job_type from launcher.job_types order by job_type',
  )
  const names = known.map(({ job_type }) => job_type).join(', ')
  return notFound(`there is no job type "${jobType}"`, { hint: `There are ${names || 'none'}.` })
}

/** Makes the rows fit the number. The caller has locked the job type's row. */
async function resize(transaction: Transaction, jobType: string): Promise<void> {
  // A slot that is being claimed is waited for, so that it is known to be in use.
  await transaction.query('select from launcher.slots where job_type = $1 order by number for update', [jobType])
  await transaction.execute(
    `with wanted as (
       select coalesce(chosen, configured) as slots from launcher.job_types where job_type = $1
     ), ranked as (
       select number, row_number() over (order by run is null, number) as place from launcher.slots where job_type = $1
     ), kept as (
       update launcher.slots s set retiring = ranked.place > wanted.slots from ranked, wanted
        where s.job_type = $1 and s.number = ranked.number and (s.run is not null or ranked.place <= wanted.slots)
     ), gone as (
       delete from launcher.slots s using ranked, wanted
        where s.job_type = $1 and s.number = ranked.number and s.run is null and ranked.place > wanted.slots
     )
     insert into launcher.slots (job_type, number)
     select $1, number from wanted, generate_series(1, wanted.slots) as number
      where number not in (select number from ranked)
      order by number limit (select greatest(0, slots - (select count(*) from ranked)) from wanted)`,
    [jobType],
  )
}

interface CountRow {
  job_type: JobTypeName
  slots: number
  configured: number
  chosen: number | null
  actor: string | null
  reason: string | null
  changed_at: Date
  used: RunId[]
  retiring: number
}

/** @param configured the job types of the configuration */
export async function readSlots(database: Database, configured: ReadonlySet<string>): Promise<SlotCount[]> {
  const rows = await database.query<CountRow>(
    `select t.job_type, coalesce(t.chosen, t.configured) as slots, t.configured, t.chosen, t.actor, t.reason, t.changed_at,
            coalesce(array_agg(s.run order by s.number) filter (where s.run is not null), '{}') as used,
            count(*) filter (where s.retiring) as retiring
       from launcher.job_types t left join launcher.slots s on s.job_type = t.job_type
      group by t.job_type order by t.job_type`,
  )
  return rows.map((row) => ({
    jobType: row.job_type,
    slots: row.slots,
    configured: configured.has(row.job_type) ? row.configured : null,
    chosen:
      row.chosen === null
        ? null
        : { slots: row.chosen, actor: row.actor ?? '', reason: row.reason ?? '', at: row.changed_at },
    used: row.used,
    retiring: row.retiring,
  }))
}
