/**
 * The outbox as its relay sees it. A row is unpublished, published, or refused: set aside because the bus will never
 * take it.
 */
import type { Queryable } from '../store/database.ts'
import { storable } from '../store/text.ts'
import type { OutgoingMessage } from './bus.ts'
import { headersOfJson, type JsonHeaders } from './headers.ts'

export type OutboxRow = OutgoingMessage & { readonly id: number }
type StoredRow = Omit<OutboxRow, 'headers'> & { readonly headers: JsonHeaders }

const batchSize = 500
/** What one batch may hold in memory, beside its last message. */
const batchBytes = 8 * 1024 * 1024

const rowOf = (row: StoredRow): OutboxRow => ({ ...row, headers: headersOfJson(row.headers) })

/**
 * The oldest unpublished ones, in order.
 * @param isNoted in the same statement, where there are any: see `noteSending`
 */
export async function readUnpublished(database: Queryable, service: string, isNoted: boolean): Promise<OutboxRow[]> {
  const next = `
    select id, topic, key, headers, value
      from (select *, sum(octet_length(value)) over (order by id rows between unbounded preceding and 1 preceding) as bytes_before
              from ${service}.outbox where published_at is null and refused_at is null order by id limit $1) as oldest
     where coalesce(bytes_before, 0) < $2 order by id`
  const rows = await database.query<StoredRow>(
    isNoted
      ? `with next as (${next}), noted as (${noting(service)} and exists (select from next)) select * from next order by id`
      : next,
    [batchSize, batchBytes],
  )
  return rows.map(rowOf)
}

/** Whether there were more of them than are read at once, as far as they tell. */
export function mayBeMore(rows: readonly OutboxRow[]): boolean {
  return rows.length === batchSize || rows.reduce((bytes, { value }) => bytes + (value?.length ?? 0), 0) >= batchBytes
}

/** Of these topics the newest message of each key that was published a short while ago, in order. */
export async function readRecent(
  database: Queryable,
  service: string,
  topics: readonly string[],
  minutes: number,
): Promise<OutboxRow[]> {
  const rows = await database.query<StoredRow>(
    `select id, topic, key, headers, value from (
       select distinct on (topic, key) id, topic, key, headers, value, refused_at from ${service}.outbox
        where topic = any($1) and published_at > now() - make_interval(mins => $2)
        order by topic, key, id desc) as newest
      where refused_at is null order by id`,
    [topics, minutes],
  )
  return rows.map(rowOf)
}

/** From here on a send may be under way; that is on disk when it resolves, whatever the session's other commits wait for. */
export async function noteSending(database: Queryable, service: string): Promise<void> {
  await database.execute(noting(service))
}

const noting = (service: string): string =>
  `update ${service}.relay set sending_since = now() where set_config('synchronous_commit', 'on', true) = 'on'`

/** @param isOver whether no earlier send may still take effect, either */
export async function markPublished(
  database: Queryable,
  service: string,
  rows: readonly OutboxRow[],
  isOver: boolean,
): Promise<void> {
  await database.execute(
    `with marked as (update ${service}.outbox set published_at = now() where id = any($1))
     update ${service}.relay set sending_since = null where $2`,
    [rows.map(({ id }) => id), isOver],
  )
}

/** Milliseconds for which the send of a relay that was cut off may still take effect; 0 or less: it no longer can. */
export async function sendingLeftMs(database: Queryable, service: string, limitMs: number): Promise<number> {
  const [row] = await database.query<{ left_ms: number | null }>(
    `select ($1 - extract(epoch from now() - sending_since) * 1000)::double precision as left_ms from ${service}.relay`,
    [limitMs],
  )
  return row?.left_ms ?? 0
}

export async function setAside(database: Queryable, service: string, id: number, refusal: string): Promise<void> {
  await database.execute(`update ${service}.outbox set refused_at = now(), refusal = $2 where id = $1`, [
    id,
    storable(refusal),
  ])
}
