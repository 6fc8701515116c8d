/**
 * Where a group's messages wait that failed, and those that came after them.
 *
 * States of a message: parked → (its line is due, it is the first in it) → handled or dead-lettered: gone from here.
 *
 * Invariants:
 * - a line is a key of a topic as a group reads it; as long as there is one, all later messages of the key join its end,
 *   so they keep their order. A message without a key is a line of its own;
 * - a message comes in the transaction that moves the group's offset past it, and goes in that of its effect or of its
 *   dead letter;
 * - whoever adds to a line, or takes from it, holds the lock on its row; a line without messages is none.
 */
import type { Database, Queryable, Transaction } from '../store/database.ts'
import { storable } from '../store/text.ts'
import type { RawMessage } from './bus.ts'
import { headersOfJson, headersToJson, type JsonHeaders } from './headers.ts'

export interface ParkedHead {
  readonly line: number
  readonly id: number
  readonly message: RawMessage
  /** How often it has failed already. */
  readonly tries: number
  /** Milliseconds until it is to be tried; 0 or less: now. */
  readonly dueInMs: number
}

export interface Parking {
  /** Of a batch those whose key has no line; the others join theirs. */
  letPass(transaction: Transaction, messages: readonly RawMessage[]): Promise<readonly RawMessage[]>
  /** Parks a message that failed alone. */
  park(transaction: Transaction, message: RawMessage, reason: string, pauseMs: number): Promise<void>
  /** The first message of the line that is due first. */
  head(database: Queryable): Promise<ParkedHead | undefined>
  /** Locks the line of a head; false when somebody else is at it, or was meanwhile. */
  claim(transaction: Transaction, head: ParkedHead): Promise<boolean>
  /** Takes a claimed head out; the next in the line is due at once. */
  remove(transaction: Transaction, head: ParkedHead): Promise<void>
  postpone(database: Database, head: ParkedHead, tries: number, reason: string, pauseMs: number): Promise<void>
}

interface HeadRow {
  line: number
  topic: string
  key: Buffer | null
  tries: number
  due_in_ms: number
  id: number
  partition: number
  offset: number
  headers: JsonHeaders
  value: Buffer | null
  sent_at: Date
}

export function makeParking(service: string, group: string): Parking {
  const join = (transaction: Transaction, joining: readonly { line: number; message: RawMessage }[]) =>
    transaction.execute(
      `insert into ${service}.parked (line, partition, "offset", headers, value, sent_at)
       select line, partition, "offset", headers, value, sent_at
         from unnest($1::bigint[], $2::integer[], $3::bigint[], $4::json[], $5::bytea[], $6::timestamptz[])
           with ordinality as joining (line, partition, "offset", headers, value, sent_at, place)
        order by place`,
      [
        joining.map(({ line }) => line),
        joining.map(({ message }) => message.partition),
        joining.map(({ message }) => message.offset),
        joining.map(({ message }) => JSON.stringify(headersToJson(message.headers))),
        joining.map(({ message }) => message.value),
        joining.map(({ message }) => message.timestamp),
      ],
    )

  return {
    async letPass(transaction, messages) {
      const keys = new Map(messages.flatMap(({ key }) => (key === null ? [] : [[nameOf(key), key] as const])))
      if (keys.size === 0) return messages
      const lines = await transaction.query<{ id: number; key: Buffer }>(
        `select id, key from ${service}.parked_lines
          where consumer_group = $1 and topic = $2 and sha256(key) in (select sha256(each) from unnest($3::bytea[]) as each)
          order by id for update`,
        [group, messages[0]?.topic, [...keys.values()]],
      )
      if (lines.length === 0) return messages
      const lineOf = new Map(lines.map(({ id, key }) => [nameOf(key), id]))
      const placed = messages.map((message) => ({ message, line: message.key && lineOf.get(nameOf(message.key)) }))
      await join(
        transaction,
        placed.flatMap(({ message, line }) => (line ? [{ message, line }] : [])),
      )
      return placed.flatMap(({ message, line }) => (line ? [] : [message]))
    },

    async park(transaction, message, reason, pauseMs) {
      const rows = await transaction.query<{ id: number }>(
        `insert into ${service}.parked_lines as line (consumer_group, topic, key, tries, reason, due_at)
         values ($1, $2, $3, 1, $4, now() + make_interval(secs => $5))
         on conflict (consumer_group, topic, sha256(key)) do update set tries = line.tries
         returning id`,
        [group, message.topic, message.key, storable(reason), pauseMs / 1_000],
      )
      await join(
        transaction,
        rows.map(({ id }) => ({ line: id, message })),
      )
    },

    async head(database) {
      const [row] = await database.query<HeadRow>(
        `select line.id as line, topic, key, tries, (extract(epoch from due_at - now()) * 1000)::double precision as due_in_ms,
                first.id, partition, "offset", headers, value, sent_at
           from (select * from ${service}.parked_lines where consumer_group = $1 order by due_at, id limit 1) as line
           cross join lateral (select * from ${service}.parked where parked.line = line.id order by id limit 1) as first`,
        [group],
      )
      if (!row) return undefined
      const { topic, partition, offset, key, value, sent_at: timestamp } = row
      const message = { topic, partition, offset, key, headers: headersOfJson(row.headers), value, timestamp }
      return { line: row.line, id: row.id, message, tries: row.tries, dueInMs: row.due_in_ms }
    },

    async claim(transaction, { line, id }) {
      const locked = await transaction.query(
        `select from ${service}.parked_lines where id = $1 for update skip locked`,
        [line],
      )
      if (locked.length === 0) return false
      const present = await transaction.query(`select from ${service}.parked where id = $1`, [id])
      return present.length === 1
    },

    async remove(transaction, { line, id }) {
      await transaction.execute(`delete from ${service}.parked where id = $1`, [id])
      const left = await transaction.execute(
        `update ${service}.parked_lines set tries = 0, reason = null, due_at = now()
          where id = $1 and exists (select from ${service}.parked where parked.line = $1)`,
        [line],
      )
      if (left === 0) await transaction.execute(`delete from ${service}.parked_lines where id = $1`, [line])
    },

    async postpone(database, { line, id, tries: seen }, tries, reason, pauseMs) {
      await database.execute(
        `update ${service}.parked_lines set tries = $4, reason = $5, due_at = now() + make_interval(secs => $6)
          where id = $1 and tries = $3 and exists (select from ${service}.parked where id = $2)`,
        [line, id, seen, tries, storable(reason), pauseMs / 1_000],
      )
    },
  }
}

const nameOf = (key: Buffer) => key.toString('latin1')
