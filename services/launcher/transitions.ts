/**
 * The changes of the ledger, each conditional on what it was decided from: whoever comes second changes nothing and
 * learns it from the answer. Locks are taken in the order key, run, attempt, slot, and those of one kind sorted, so
 * nobody waits in a circle.
 */

import type { AttemptName, Digest, RunId, RunState } from '../../schemas/words.ts'
import type { Occurrence, Outbox } from '../kit/bus/outbox.ts'
import type { Database, Queryable, Transaction } from '../kit/store/database.ts'
import { storable } from '../kit/store/text.ts'
import type { AttemptAct } from './attempt-step.ts'
import type { Remark } from './executor/executor.ts'
import type { AttemptFacts, AttemptKind, RunFacts, RunStop } from './facts.ts'
import type { Point } from './points.ts'
import { reasonOf } from './run-step.ts'

/**
 * The next attempt of a run that still runs and was not told to stop. Its name makes a second one impossible (I1).
 * @param waitSeconds until when it must be claimed
 */
export async function createAttempt(
  database: Queryable,
  run: RunFacts,
  kind: AttemptKind,
  number: number,
  waitSeconds: number,
): Promise<void> {
  await database.execute(
    `insert into launcher.attempts (attempt, run, kind, number, due_at)
     select $2, run, $3, $4::integer, now() + make_interval(secs => $5)
       from (select run from launcher.runs where run = $1 and state = 'running' and stop is null for share) as running
     on conflict do nothing`,
    [run.run, kind === 'train' ? `${run.run}-${number}` : `${run.run}-champion-${number}`, kind, number, waitSeconds],
  )
}

/** What follows a colon are details, such as how much of a quota is used: they change, and it still stands as before. */
export async function noteStanding(database: Queryable, attempt: AttemptName, words: string): Promise<void> {
  await database.execute(
    `update launcher.attempts
        set standing = $2,
            standing_since = case when split_part(standing, ': ', 1) = split_part($2, ': ', 1) then standing_since else now() end
      where attempt = $1 and state <> 'ended' and standing is distinct from $2`,
    [attempt, storable(words)],
  )
}

export async function keepRemarks(
  database: Queryable,
  attempt: AttemptName,
  remarks: readonly Remark[],
): Promise<void> {
  if (remarks.length === 0) return
  // What is kept already is of the attempt itself, and not of what came late under its name.
  await database.execute("update launcher.attempts set remarks = $2 where attempt = $1 and remarks = '[]'", [
    attempt,
    JSON.stringify(remarks.map(({ at, words }) => ({ at, words: storable(words) }))),
  ])
}

export type AttemptEnd = Pick<Extract<AttemptAct, { do: 'end' }>, 'outcome' | 'reason' | 'exitCode' | 'signal'>

/** @returns false when the attempt is not any more what the end was decided from */
export async function endAttempt(
  database: Queryable,
  attempt: Pick<AttemptFacts, 'name' | 'state' | 'stop'>,
  end: AttemptEnd,
): Promise<boolean> {
  const ended = await database.execute(
    `update launcher.attempts
        set state = 'ended', ended_at = now(), outcome = $2, reason = $3, exit_code = $4, signal = $5
      where attempt = $1 and state <> 'ended' and state = $7 and stop is not distinct from $6`,
    [attempt.name, end.outcome, storable(end.reason), end.exitCode, end.signal, attempt.stop, attempt.state],
  )
  return ended > 0
}

export async function releaseAttempt(database: Queryable, attempt: AttemptName): Promise<void> {
  await database.execute(
    "update launcher.attempts set released_at = now() where attempt = $1 and state = 'ended' and released_at is null",
    [attempt],
  )
}

/**
 * Takes back that these attempts are released, since something of theirs is there: it is looked after once more.
 *
 * @param longSeconds only those that have been for so long
 * @returns those that were released
 */
export async function takeBack(
  database: Queryable,
  attempts: readonly AttemptName[],
  longSeconds = 0,
): Promise<AttemptName[]> {
  const rows = await database.query<{ attempt: AttemptName }>(
    `with concerned as (
       select r.run from launcher.runs r
        where r.run in (select a.run from launcher.attempts a where a.attempt = any($1) and a.released_at <= now() - make_interval(secs => $2))
        order by r.run for no key update
     ), back as (
       update launcher.attempts a set released_at = null from concerned
        where a.run = concerned.run and a.attempt = any($1) and a.released_at <= now() - make_interval(secs => $2)
       returning a.run, a.attempt
     ), looked as (
       update launcher.runs r set look_at = now() from back where r.run = back.run
     )
     select attempt from back`,
    [attempts, longSeconds],
  )
  return rows.map(({ attempt }) => attempt)
}

/** Tells whatever attempt of the run still goes on to stop; its runner hears it with the next heartbeat. */
export async function tellAttempts(database: Queryable, run: RunId, reason: string): Promise<void> {
  await database.execute(
    `update launcher.attempts set stop = $2
      where run = $1 and state <> 'ended' and stop is null`,
    [run, reason],
  )
}

/**
 * Tells running runs to stop. The row of the attempt decides between this and a commit: first wins.
 *
 * @returns those that will stop; not among them is one that has stored its result or was told before
 */
export async function stopRuns(
  transaction: Transaction,
  stops: readonly { readonly run: RunId; readonly stop: RunStop }[],
): Promise<RunId[]> {
  if (stops.length === 0) return []
  const runs = stops.map(({ run }) => run)
  await transaction.query('select run from launcher.runs where run = any($1) order by run for update', [runs])
  await transaction.execute(
    `update launcher.attempts a set stop = s.reason
       from unnest($1::text[], $2::text[]) as s (run, reason)
       join launcher.runs r on r.run = s.run and r.state = 'running' and r.stop is null
      where a.run = s.run and a.kind = 'train' and a.state <> 'ended' and a.stop is null`,
    [runs, stops.map(({ stop }) => reasonOf(stop))],
  )
  const stopped = await transaction.query<{ run: RunId }>(
    `update launcher.runs r set stop = s.stop, look_at = now()
       from unnest($1::text[], $2::jsonb[]) as s (run, stop)
      where r.run = s.run and r.state = 'running' and r.stop is null and not exists (
        select from launcher.attempts a where a.run = r.run and a.kind = 'train' and a.outcome = 'done')
      returning r.run`,
    [runs, stops.map(({ stop }) => JSON.stringify(stop))],
  )
  return stopped.map(({ run }) => run)
}

export interface RunEnd {
  readonly state: Exclude<RunState, 'queued' | 'running'>
  readonly model: Digest | null
  occurrence(endedAtMs: number): Occurrence
}

/**
 * Ends a running run: its slot is free at once, and its key too unless a verdict is still to come.
 *
 * @returns false when the run is not any more what the end was decided from
 */
export async function endRun(
  { database, outbox, point }: { database: Database; outbox: Outbox; point(name: Point): Promise<void> },
  run: RunFacts,
  end: RunEnd,
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    await transaction.query('select from launcher.keys where bot = $1 and job_type = $2 for update', [
      run.bot,
      run.jobType,
    ])
    const rows = await transaction.query<{ ended_at: Date }>(
      `with awaited as (
         select where $2 = 'succeeded' and not exists (select from launcher.early_verdicts where run = $1)
       ), ended as (
         update launcher.runs
            set state = $2, ended_at = now(), model = $3, holds_key = exists (select from awaited), look_at = now(),
                verdict_due_at = case when exists (select from awaited)
                  then now() + make_interval(secs => (spec ->> 'verdictWaitSeconds')::double precision) end
          where run = $1 and state = 'running' and stop is not distinct from $4::jsonb
          returning run, bot, job_type, ended_at
       ), seat as (
         select s.job_type, s.number, s.retiring from launcher.slots s join ended on s.run = ended.run for update of s
       ), retired as (
         delete from launcher.slots s using seat
          where s.job_type = seat.job_type and s.number = seat.number and seat.retiring
       ), freed as (
         update launcher.slots s set run = null from seat
          where s.job_type = seat.job_type and s.number = seat.number and not seat.retiring
       ), line as (
         update launcher.keys k set stopped_in_a_row = 0 from ended
          where k.bot = ended.bot and k.job_type = ended.job_type and $2 <> 'superseded' and k.stopped_in_a_row > 0
       )
       select ended_at from ended`,
      [run.run, end.state, end.model, run.stop === null ? null : JSON.stringify(run.stop)],
    )
    const row = rows[0]
    if (!row) return false
    await outbox.append(transaction, [end.occurrence(row.ended_at.getTime())])
    await point('launcher.run.ending')
    return true
  })
}

/** The verdict did not come in time: the next run of the key may start. */
export async function freeKey(database: Queryable, run: RunId): Promise<boolean> {
  const freed = await database.execute(
    `update launcher.runs set holds_key = false, verdict_due_at = null
      where run = $1 and state = 'succeeded' and holds_key and verdict_due_at <= now()`,
    [run],
  )
  return freed > 0
}
