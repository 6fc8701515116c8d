/**
 * Requests: the decision to train a key, from its first signal on.
 *
 * States: waiting (signals gather; due when quiet or full, or when a person asks) → fetching → requested; or closed, without
 * a run.
 *
 * Invariants:
 * - per key at most one waits and at most one fetches (partial unique indexes);
 * - a waiting request is changed only by who holds its key's row; a fetching one only by who claimed it last, or by who
 *   lets a newer one overtake it;
 * - none overtakes an older one of its key, but where the dataset of that could not be had and it names one.
 */
import {
  type BotId,
  type Digest,
  type JobTypeName,
  type Key,
  nameOfKey,
  type RunId,
  type SignalId,
} from '../../schemas/words.ts'
import type { Cause } from '../kit/bus/outbox.ts'
import type { Queryable, Transaction } from '../kit/store/database.ts'
import type { Signal } from './signal.ts'

export type Request = Key & {
  /** Also the id of the run that will carry it out. */
  readonly run: RunId
  /** Undefined before the first signal is stored. */
  readonly createdAt: Date | undefined
  readonly signals: { readonly count: number; readonly first: SignalId; readonly last: SignalId }
  /** The dataset that the newest signal named; undefined: none did. */
  readonly dataset: { readonly uri: string; readonly digest: Digest | undefined } | undefined
  /** The last person who asked. */
  readonly person: { readonly actor: string; readonly reason: string } | undefined
  readonly cause: Pick<Cause, 'id' | 'traceparent'>
}

export type RequestRow = {
  id: RunId
  bot: BotId
  job_type: JobTypeName
  created_at: Date
  signals: number
  first_signal: SignalId
  last_signal: SignalId
  dataset_uri: string | null
  dataset_hint: Digest | null
  actor: string | null
  asked_because: string | null
  cause_id: string
  traceparent: string
}

export const requestColumns = `id, bot, job_type, created_at, signals, first_signal, last_signal, dataset_uri, dataset_hint,
  actor, asked_because, cause_id, traceparent`

export function requestOf(row: RequestRow): Request {
  return {
    run: row.id,
    bot: row.bot,
    jobType: row.job_type,
    createdAt: row.created_at,
    signals: { count: row.signals, first: row.first_signal, last: row.last_signal },
    dataset: row.dataset_uri === null ? undefined : { uri: row.dataset_uri, digest: row.dataset_hint ?? undefined },
    person: row.actor === null ? undefined : { actor: row.actor, reason: row.asked_because ?? '' },
    cause: { id: row.cause_id, traceparent: row.traceparent },
  }
}

/** What follows from a request names the request's run as its chain. */
export function causeOf(request: Pick<Request, 'run' | 'cause'>): Cause {
  return { ...request.cause, correlationId: request.run }
}

/**
 * Pure: the request with further signals of its key, in the order in which they came. The newest dataset counts; a signal
 * that names none leaves the one there is.
 */
export function gather(waiting: Request | undefined, run: RunId, signals: readonly [Signal, ...Signal[]]): Request {
  const [first] = signals
  const last = signals.at(-1) ?? first
  return {
    run: waiting?.run ?? run,
    bot: first.bot,
    jobType: first.jobType,
    createdAt: waiting?.createdAt,
    signals: {
      count: (waiting?.signals.count ?? 0) + signals.length,
      first: waiting?.signals.first ?? first.id,
      last: last.id,
    },
    dataset: signals.findLast((signal) => signal.dataset)?.dataset ?? waiting?.dataset,
    person: signals.findLast((signal) => signal.person)?.person ?? waiting?.person,
    cause: last.cause,
  }
}

/** The waiting requests of keys that the transaction holds, each named once. */
export async function waitingRequests(transaction: Transaction, keys: readonly Key[]): Promise<Request[]> {
  const rows = await transaction.query<RequestRow>(
    // Key by key: a plan that was made while few waited would go through all that wait.
    `select ${requestColumns}
       from unnest($1::text[], $2::text[]) as named (named_bot, named_job_type)
      cross join lateral (
        select * from intake.requests where bot = named_bot and job_type = named_job_type and state = 'waiting' limit 1) as waiting`,
    [keys.map(({ bot }) => bot), keys.map(({ jobType }) => jobType)],
  )
  return rows.map(requestOf)
}

/** By the names of their keys, the runs of requests whose dataset is being fetched. */
export async function fetchingRuns(transaction: Transaction, keys: readonly Key[]): Promise<Map<string, RunId>> {
  const rows = await transaction.query<{ id: RunId; bot: BotId; job_type: JobTypeName }>(
    `select id, bot, job_type
       from unnest($1::text[], $2::text[]) as named (bot, job_type) join intake.requests using (bot, job_type)
      where state = 'fetching'`,
    [keys.map(({ bot }) => bot), keys.map(({ jobType }) => jobType)],
  )
  return new Map(rows.map(({ id, bot, job_type }) => [nameOfKey({ bot, jobType: job_type }), id]))
}

/** A request that may go on, and whether an older one of its key is still to be fetched, which is then replaced by it. */
export type DueRequest = Request & { readonly overtakes: boolean }

/** Null: nothing of its key is being fetched. Else whether it may go on all the same. */
const overtakes = `(
  select other.fetch_failures > 0 and requests.dataset_uri is not null from intake.requests other
   where other.state = 'fetching' and other.bot = requests.bot and other.job_type = requests.job_type)`

/** So many signals are not put off any longer: all of them are ended in one transaction. */
const fullAt = 10_000

export type Debounce = { readonly quietSeconds: number; readonly maxWaitSeconds: number }

/** Whether it will be due as soon as it is stored, as far as it tells; `storeWaiting` decides. */
export const isDueAtOnce = ({ person }: Request, { quietSeconds, maxWaitSeconds }: Debounce): boolean =>
  person !== undefined || Math.min(quietSeconds, maxWaitSeconds) === 0

export type Stored = { readonly request: DueRequest; readonly dueInMs: number }

/**
 * Stores waiting requests, new or grown, and puts their due time anew. Resolves to the milliseconds until each is due, but
 * for those that an older one of their key holds up.
 */
export async function storeWaiting(
  transaction: Transaction,
  requests: readonly Request[],
  debounceOf: (request: Request) => Debounce,
): Promise<Stored[]> {
  if (requests.length === 0) return []
  const rows = await transaction.query<{ id: RunId; due_in_ms: number; overtakes: boolean | null }>(
    `insert into intake.requests (id, bot, job_type, state, due_at, signals, first_signal, last_signal,
                                  dataset_uri, dataset_hint, insisted, actor, asked_because, cause_id, traceparent)
     select id, bot, job_type, 'waiting',
            case when actor is not null or signals >= ${fullAt} then now()
                 else least(now() + make_interval(secs => quiet), coalesce(created_at, now()) + make_interval(secs => longest)) end,
            signals, first_signal, last_signal, dataset_uri, dataset_hint, actor is not null, actor, asked_because, cause_id, traceparent
       from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::float8[], $6::float8[], $7::int[], $8::text[], $9::text[],
                   $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[])
         as gathered (id, bot, job_type, created_at, quiet, longest, signals, first_signal, last_signal,
                      dataset_uri, dataset_hint, actor, asked_because, cause_id, traceparent)
     on conflict (id) do update set
       due_at = excluded.due_at, signals = excluded.signals, last_signal = excluded.last_signal,
       dataset_uri = excluded.dataset_uri, dataset_hint = excluded.dataset_hint, insisted = excluded.insisted,
       actor = excluded.actor, asked_because = excluded.asked_because, cause_id = excluded.cause_id, traceparent = excluded.traceparent, problem = null
     returning id, extract(epoch from due_at - now()) * 1000 as due_in_ms, ${overtakes} as overtakes`,
    [
      requests.map(({ run }) => run),
      requests.map(({ bot }) => bot),
      requests.map(({ jobType }) => jobType),
      requests.map(({ createdAt }) => createdAt ?? null),
      requests.map((request) => debounceOf(request).quietSeconds),
      requests.map((request) => debounceOf(request).maxWaitSeconds),
      requests.map(({ signals }) => signals.count),
      requests.map(({ signals }) => signals.first),
      requests.map(({ signals }) => signals.last),
      requests.map(({ dataset }) => dataset?.uri ?? null),
      requests.map(({ dataset }) => dataset?.digest ?? null),
      requests.map(({ person }) => person?.actor ?? null),
      requests.map(({ person }) => person?.reason ?? null),
      requests.map(({ cause }) => cause.id),
      requests.map(({ cause }) => cause.traceparent),
    ],
  )
  const byRun = new Map(rows.map((row) => [row.id, row]))
  return requests.flatMap((request) => {
    const row = byRun.get(request.run)
    if (row === undefined || row.overtakes === false) return []
    return [{ request: { ...request, overtakes: row.overtakes === true }, dueInMs: row.due_in_ms }]
  })
}

/**
 * Locks keys whose waiting request is due and may go on. Keys that others hold are passed over; their holders see the
 * request themselves.
 */
export async function lockDue(transaction: Transaction, atMost: number): Promise<DueRequest[]> {
  const keys = await transaction.query<{ bot: BotId; job_type: JobTypeName }>(
    `select bot, job_type from intake.requests join intake.keys using (bot, job_type)
      where state = 'waiting' and due_at <= now() and coalesce(${overtakes}, true)
      order by due_at limit $1 for update of keys skip locked`,
    [atMost],
  )
  if (keys.length === 0) return []
  // Read anew under the lock: it may have grown, or been put off, since the first look.
  const rows = await transaction.query<RequestRow & { overtakes: boolean | null }>(
    `select ${requestColumns}, ${overtakes} as overtakes from intake.requests
      where state = 'waiting' and due_at <= now() and coalesce(${overtakes}, true)
        and (bot, job_type) in (select * from unnest($1::text[], $2::text[]))`,
    [keys.map(({ bot }) => bot), keys.map(({ job_type }) => job_type)],
  )
  return rows.map((row) => ({ ...requestOf(row), overtakes: row.overtakes === true }))
}

/** By the request that overtakes it: an older one of its key, and why its dataset could not be had. */
export async function overtakenBy(
  transaction: Transaction,
  overtaking: readonly Request[],
): Promise<ReadonlyMap<RunId, { readonly request: Request; readonly problem: string }>> {
  if (overtaking.length === 0) return new Map()
  const rows = await transaction.query<RequestRow & { newer: RunId; problem: string | null }>(
    `select newer, ${requestColumns}, problem
       from unnest($1::text[], $2::text[], $3::text[]) as overtaking (newer, newer_bot, newer_job_type)
       join intake.requests on bot = newer_bot and job_type = newer_job_type and state = 'fetching'`,
    [overtaking.map(({ run }) => run), overtaking.map(({ bot }) => bot), overtaking.map(({ jobType }) => jobType)],
  )
  return new Map(
    rows.map((row) => [row.newer, { request: requestOf(row), problem: row.problem ?? 'for no known reason' }]),
  )
}

/** A person's wish outlives the request that it came with: it is the wish of this one then, unless a person asked for it, too. */
export async function inheritPerson(transaction: Transaction, request: Request, older: Request): Promise<Request> {
  if (request.person !== undefined || older.person === undefined) return request
  await transaction.execute(
    'update intake.requests set insisted = true, actor = $2, asked_because = $3 where id = $1',
    [request.run, older.person.actor, older.person.reason],
  )
  return { ...request, person: older.person }
}

/** A waiting request that could not go on is due again later, and tells why. */
export async function putOff(database: Queryable, run: RunId, seconds: number, problem: string): Promise<void> {
  await database.execute(
    `update intake.requests set due_at = now() + make_interval(secs => $2), problem = $3 where id = $1 and state = 'waiting'`,
    [run, seconds, problem],
  )
}

/** Milliseconds until the next waiting request is due; undefined when none waits. */
export async function nextDueMs(database: Queryable): Promise<number | undefined> {
  const rows = await database.query<{ due_in_ms: number }>(
    `select extract(epoch from due_at - now()) * 1000 as due_in_ms
       from intake.requests where state = 'waiting' and coalesce(${overtakes}, true) order by due_at limit 1`,
  )
  return rows[0]?.due_in_ms
}
