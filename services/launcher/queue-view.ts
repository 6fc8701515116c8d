/** The queue as people see it: what runs, what waits, in which place, and for what. */

import type { BotId, JobTypeName, RunId } from '../../schemas/words.ts'
import type { Database } from '../kit/store/database.ts'

export interface QueueEntry {
  readonly run: RunId
  readonly bot: BotId
  readonly jobType: JobTypeName
  readonly generation: number
  readonly state: 'queued' | 'running' | 'succeeded'
  readonly priority: number
  /** Place among those that wait for a slot of the job type, from 1; null when it does not wait for one. */
  readonly position: number | null
  /** What it waits for: a slot, the verdict on its key's last model, the end of its key's running run; null when it runs. */
  readonly waitsFor: 'slot' | 'verdict' | 'running' | null
  readonly since: Date
  readonly progress: number | null
}

interface EntryRow extends Omit<QueueEntry, 'jobType' | 'waitsFor'> {
  readonly job_type: JobTypeName
  readonly waits_for: QueueEntry['waitsFor']
}

const longestList = 1_000

/** Runs in progress first, then the waiting ones in the order in which they will start; what waits for its own key last. */
export async function readQueue(database: Database, bot: string | undefined): Promise<QueueEntry[]> {
  const rows = await database.query<EntryRow>(
    `with active as (
       select r.*, h.state as holder
         from launcher.runs r
         left join launcher.runs h on r.state = 'queued' and h.bot = r.bot and h.job_type = r.job_type and h.holds_key
        where r.state = 'queued' or r.holds_key
     ), placed as (
       select active.*, case when state = 'queued' and holder is null then row_number() over (
                partition by job_type, state = 'queued' and holder is null order by priority desc, waiting_since, run) end as position
         from active
     )
     select run, bot, job_type, generation, state, priority, position,
            case when state = 'queued' then case holder when 'running' then 'running' when 'succeeded' then 'verdict' else 'slot' end
                 when state = 'succeeded' then 'verdict' end as waits_for,
            case state when 'queued' then waiting_since when 'running' then started_at else ended_at end as since,
            case when state = 'running' then (
              select a.progress from launcher.attempts a where a.run = placed.run and a.kind = 'train'
               order by a.number desc limit 1) end as progress
       from placed where $1::text is null or bot = $1
      order by state = 'queued', position nulls last, since, run limit $2`,
    [bot ?? null, longestList],
  )
  return rows.map(({ job_type, waits_for, ...row }) => ({ ...row, jobType: job_type, waitsFor: waits_for }))
}
