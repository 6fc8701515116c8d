/**
 * Starts queued runs, as many as there are free slots: highest priority first, then whoever waits longest. What can start
 * at once does so in the transaction that lets it into the queue; the queue's own looks start what had to wait.
 *
 * Invariants:
 * - a slot is claimed by locking its row, so any number of launchers share the queue and none starts a run twice;
 * - a key that is held (a run trains, or its verdict is awaited) is passed over, and so is one that somebody is changing:
 *   whoever changes it wakes the queue afterwards;
 * - the run, its slot, its first attempt and what is said of it are one transaction.
 *
 * `offset 0` has PostgreSQL look key by key: a plan that was made while few trained would go through all that do, and one that
 * asked for what is queued, through all that wait.
 */

import type { JobTypeName, RunId } from '../../schemas/words.ts'
import type { Outbox } from '../kit/bus/outbox.ts'
import type { Queryable, Transaction } from '../kit/store/database.ts'
import { type RunRecord, readRuns } from './ledger.ts'
import type { Subject } from './occurrences.ts'
import * as occurrences from './occurrences.ts'
import type { Point } from './points.ts'

export interface QueueNeeds {
  readonly outbox: Outbox
  /** Of the executor: how long an attempt may wait for a place to run where its placement does not say. */
  readonly longestWaitSeconds: number | null
  point(name: Point): Promise<void>
  /** Of the runs that start, so many are the starter's own to look at, and for so long; the others are due at once, for anybody. */
  lease(): { readonly runs: number; readonly milliseconds: number }
  /** Called after the commit with the runs that have started, and the records of those that are the starter's own. */
  look(started: readonly Started[], records: Promise<readonly RunRecord[]>): void
  /** Called instead where nobody knows whether they have: else none would be looked at before its lease ends. */
  lookAgain(runs: readonly RunId[]): void
}

export interface Started {
  readonly run: RunId
  /** What makes a look at it the starter's own; null: it is due for anybody. */
  readonly lease: string | null
}

/** Of one job type. A limit for all together would be used up by one whose runs wait for their keys. */
const batchSize = 100

interface Seat {
  readonly run: RunId
  readonly number: number
}

export async function anyQueued(database: Queryable): Promise<boolean> {
  return (await database.query("select from launcher.runs where state = 'queued' limit 1")).length > 0
}

/**
 * @param entering what was asked of the transaction last, and need not have been answered
 * @returns how many runs were started; at `batchSize` there may be more
 */
export async function startQueued(
  transaction: Transaction,
  { outbox, longestWaitSeconds, point, lease, look, lookAgain }: QueueNeeds,
  entering: Promise<unknown> = Promise.resolve(),
): Promise<number> {
  const [seats] = await Promise.all([findSeats(transaction), entering])
  if (seats.length === 0) return 0
  const rows = await startRuns(transaction, seats, longestWaitSeconds, lease())
  await outbox.append(
    transaction,
    rows.map((row) => occurrences.started({ ...row, jobType: row.job_type }, row.started_at.getTime())),
  )
  await point('launcher.queue.chosen')
  const leased = rows.flatMap(({ run, lease }) => (lease === null ? [] : [run]))
  // Answered together with the commit, so that who looks need not ask. Where it fails, so does the commit.
  const records = readRuns(transaction, leased)
  records.catch(() => {})
  transaction.afterCommit(() => look(rows, records))
  transaction.whenInDoubt(() => lookAgain(rows.map(({ run }) => run)))
  return rows.length
}

/** Whether to ask at once again. */
export const isFull = (started: number): boolean => started >= batchSize

/**
 * A free slot for each run that may start. No more slots are locked than there are runs that wait: one that is locked here
 * is free to nobody else meanwhile.
 */
function findSeats(transaction: Transaction): Promise<Seat[]> {
  return transaction.query<Seat>(
    `with places as materialized (
       select s.job_type, s.number
         from launcher.job_types t
        cross join lateral (
          select count(*) as runs
            from (select from launcher.runs r where r.state = 'queued' and r.job_type = t.job_type limit $1) as first) as queued
        cross join lateral (
          select job_type, number from launcher.slots
           where job_type = t.job_type and run is null and not retiring
           order by number limit queued.runs for update skip locked) as s
     ), chosen as materialized (
       select chosen.run, chosen.job_type
         from (select job_type, count(*) as places from places group by job_type) as free
        cross join lateral (
          select r.run, r.job_type from launcher.runs r join launcher.keys k on k.bot = r.bot and k.job_type = r.job_type
           where r.state = 'queued' and r.job_type = free.job_type and not exists (
             select from launcher.runs h where h.bot = r.bot and h.job_type = r.job_type and h.holds_key offset 0)
           order by r.priority desc, r.waiting_since, r.run
           limit free.places for update of k skip locked) as chosen
     )
     select run, number
       from (select *, row_number() over (partition by job_type) as place from chosen) as chosen
       join (select *, row_number() over (partition by job_type) as place from places) as places using (job_type, place)`,
    [batchSize],
  )
}

interface StartedRow extends Omit<Subject, 'jobType'>, Started {
  readonly job_type: JobTypeName
  readonly started_at: Date
}

/** A fresh look behind the locks: a run that was replaced or whose key was taken in between is left alone. */
function startRuns(
  transaction: Transaction,
  seats: readonly Seat[],
  longestWaitSeconds: number | null,
  lease: ReturnType<QueueNeeds['lease']>,
): Promise<StartedRow[]> {
  return transaction.query<StartedRow>(
    `with started as (
       update launcher.runs r
          set state = 'running', holds_key = true, started_at = now(), champion = k.champion,
              look_at = now() + make_interval(secs => case when s.place <= $4 then $5 else 0 end)
         from unnest($1::text[], $2::integer[]) with ordinality as s (run, number, place), launcher.keys k
        where r.run = s.run and r.started_at is null and r.ended_at is null and k.bot = r.bot and k.job_type = r.job_type
          and not exists (
            select from launcher.runs h where h.bot = r.bot and h.job_type = r.job_type and h.holds_key offset 0)
        returning r.run, r.bot, r.job_type, r.generation, r.cause, r.started_at, r.spec, s.number,
                  case when s.place <= $4 then r.look_at::text end as lease
     ), seated as (
       update launcher.slots s set run = started.run from started
        where s.job_type = started.job_type and s.number = started.number
     ), tried as (
       insert into launcher.attempts (attempt, run, kind, number, due_at)
       select run || '-1', run, 'train', 1, now() + make_interval(secs => coalesce(
                (spec #>> '{placement,waitSeconds}')::double precision, $3,
                (spec ->> 'attemptDeadlineSeconds')::double precision))
         from started
     )
     select run, bot, job_type, generation, cause, started_at, lease from started`,
    [
      seats.map(({ run }) => run),
      seats.map(({ number }) => number),
      longestWaitSeconds,
      lease.runs,
      lease.milliseconds / 1000,
    ],
  )
}
