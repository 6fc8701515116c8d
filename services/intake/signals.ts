/**
 * The ledger of signals.
 *
 * Invariants:
 * - a signal is stored once, whoever sends it again (its id is its key);
 * - it is ended once (`ended is null` in every statement that ends one), and every change is counted in the same statement.
 */
import type { BotId, JobTypeName, RunId, SignalEnd, SignalId } from '../../schemas/words.ts'
import type { Occurrence } from '../kit/bus/outbox.ts'
import type { Queryable, Transaction } from '../kit/store/database.ts'
import type { SignalOrigin } from './signal.ts'

/** How a signal stands when it is stored: with a request that it waits for, or ended on arrival. */
export type Standing =
  | { readonly request: RunId }
  | { readonly ended: SignalEnd; readonly run: RunId | undefined; readonly reason: string }

export type StoredSignal = {
  readonly id: SignalId
  readonly trigger: string | undefined
  readonly bot: BotId | undefined
  readonly jobType: JobTypeName | undefined
  readonly origin: SignalOrigin
  readonly revision: number | undefined
  readonly actor: string | undefined
  readonly standing: Standing
}

/** Those that are in the ledger already. */
export async function knownSignals(database: Queryable, ids: readonly SignalId[]): Promise<ReadonlySet<SignalId>> {
  const rows = await database.query<{ id: SignalId }>('select id from intake.signals where id = any($1)', [ids])
  return new Set(rows.map(({ id }) => id))
}

/**
 * Stores the signals that are not in the ledger yet, each with its revision as one of its key, which is locked; and resolves to
 * when each of these came in.
 */
export async function storeSignals(
  transaction: Transaction,
  signals: readonly StoredSignal[],
): Promise<Map<SignalId, Date>> {
  if (signals.length === 0) return new Map()
  const ends = signals.map(({ standing }) => ('ended' in standing ? standing : undefined))
  const rows = await transaction.query<{ id: SignalId; received_at: Date }>(
    `with fresh as (
       insert into intake.signals (id, trigger, bot, job_type, source, event_id, revision, actor, request, ended, run, reason, ended_at)
       select id, trigger, bot, job_type, source, event_id, revision, actor, request, ended, run, reason,
              case when ended is not null then now() end
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],
                     $10::text[], $11::text[], $12::text[])
           as given (id, trigger, bot, job_type, source, event_id, revision, actor, request, ended, run, reason)
        order by id
       on conflict (id) do nothing
       returning id, received_at, ended, bot, job_type, revision),
     raised as (
       update intake.keys set highest_revision = greatest(highest_revision, given.revision)
         from (select bot, job_type, max(revision) as revision from fresh where revision is not null and ended is null
                group by bot, job_type) as given
        where keys.bot = given.bot and keys.job_type = given.job_type),
     counted as (
       insert into intake.tally (what, count)
       select what, count(*) from (select 'received' as what from fresh union all select ended from fresh where ended is not null) as each
        group by what)
     select id, received_at from fresh`,
    [
      signals.map(({ id }) => id),
      signals.map(({ trigger }) => trigger ?? null),
      signals.map(({ bot }) => bot ?? null),
      signals.map(({ jobType }) => jobType ?? null),
      signals.map(({ origin }) => origin.source),
      signals.map(({ origin }) => origin.eventId),
      signals.map(({ revision }) => revision ?? null),
      signals.map(({ actor }) => actor ?? null),
      signals.map(({ standing }) => ('request' in standing ? standing.request : null)),
      ends.map((end) => end?.ended ?? null),
      ends.map((end) => end?.run ?? null),
      ends.map((end) => end?.reason ?? null),
    ],
  )
  return new Map(rows.map((row) => [row.id, row.received_at]))
}

/** The end of all signals of a request that have none yet. */
export type End = {
  readonly request: RunId
  readonly end: SignalEnd
  readonly run: RunId | undefined
  readonly reason: string
}

type EndedRow = {
  id: SignalId
  trigger: string
  bot: BotId
  job_type: JobTypeName
  request: RunId
  run: RunId | null
  received_at: Date
  ended_at: Date
}

/** Ends them, and resolves to what is to be said of it, request by request. The requests' keys are locked. */
export async function endSignals(
  transaction: Transaction,
  ends: readonly (End & { readonly cause: Occurrence['cause'] })[],
): Promise<Occurrence[]> {
  if (ends.length === 0) return []
  // Found request by request (`offset 0`), and asked anew by another column whether they are open: a plan that was made
  // while few were open would go through all that are.
  const rows = await transaction.query<EndedRow>(
    `with ending as (
       update intake.signals set ended = given.ended, run = given.run, reason = given.reason, ended_at = now()
         from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as given (request, ended, run, reason)
        cross join lateral (
          select id from intake.signals where request = given.request and signals.ended is null offset 0) as open
        where signals.id = open.id and signals.ended_at is null
       returning signals.id, trigger, bot, job_type, signals.request, signals.ended, signals.run, received_at, ended_at),
     counted as (insert into intake.tally (what, count) select ended, count(*) from ending group by ended)
     select id, trigger, bot, job_type, request, run, received_at, ended_at from ending order by received_at, id`,
    [
      ends.map(({ request }) => request),
      ends.map(({ end }) => end),
      ends.map(({ run }) => run ?? null),
      ends.map(({ reason }) => reason),
    ],
  )
  const byRequest = Map.groupBy(rows, (row) => row.request)
  return ends.flatMap(({ request, end, reason, cause }) =>
    (byRequest.get(request) ?? []).map((row): Occurrence => {
      const { id, trigger, bot, job_type: jobType, run, received_at, ended_at } = row
      const times = { receivedAt: received_at.getTime(), endedAt: ended_at.getTime() }
      return { name: 'signal.ended', data: { signal: id, trigger, bot, jobType, end, run, reason, ...times }, cause }
    }),
  )
}
