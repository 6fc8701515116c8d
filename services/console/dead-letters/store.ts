/** Dead letters in the database: kept once each, listed, shown. */
import { headersToJson, type JsonHeaders } from '../../kit/bus/headers.ts'
import { notFound } from '../../kit/errors.ts'
import type { Queryable, Transaction } from '../../kit/store/database.ts'
import { whereOf } from '../where.ts'
import type { Letter } from './letter.ts'

/** Keeps each letter once, by its place among the dead letters and the time of its message. */
export async function keepLetters(transaction: Transaction, letters: readonly Letter[]): Promise<void> {
  await transaction.execute(
    `insert into console.dead_letters (letter_partition, letter_offset, lay_at, topic, partition, "offset", consumer_group,
            key, headers, value, reason, dead_lettered_at)
     select * from unnest($1::integer[], $2::bigint[], $3::timestamptz[], $4::text[], $5::integer[], $6::bigint[],
            $7::text[], $8::bytea[], $9::json[], $10::bytea[], $11::text[], $12::timestamptz[])
     on conflict (letter_partition, letter_offset, lay_at) do nothing`,
    [
      letters.map((letter) => letter.letterPartition),
      letters.map((letter) => letter.letterOffset),
      letters.map((letter) => letter.layAt),
      letters.map((letter) => letter.topic),
      letters.map((letter) => letter.partition),
      letters.map((letter) => letter.offset),
      letters.map((letter) => letter.group),
      letters.map((letter) => letter.key),
      letters.map((letter) => JSON.stringify(headersToJson(letter.headers))),
      letters.map((letter) => letter.value),
      letters.map((letter) => letter.reason),
      letters.map((letter) => letter.deadLetteredAt),
    ],
  )
}

export interface LetterFilter {
  readonly topic?: string | undefined
  readonly reasonContains?: string | undefined
  /** ISO 8601. */
  readonly since?: string | undefined
  /** Only those that nobody has replayed. */
  readonly waiting?: boolean | undefined
}

export function conditionsOf(filter: LetterFilter) {
  return [
    ['topic = ?', filter.topic],
    ['strpos(lower(reason), lower(?)) > 0', filter.reasonContains],
    ['dead_lettered_at >= ?', filter.since],
    ['(replays = 0) = ?', filter.waiting || undefined],
  ] as const
}

export interface LetterInList {
  readonly id: number
  readonly topic: string | null
  readonly partition: number | null
  readonly offset: number | null
  readonly group: string | null
  readonly reason: string
  readonly dead_lettered_at: Date
  readonly bytes: number
  readonly replays: number
}

const listed = `id, topic, partition, "offset", consumer_group as group, reason, dead_lettered_at,
  coalesce(length(value), 0) as bytes, replays`

/** Newest first, going on below an id. */
export async function listLetters(
  database: Queryable,
  filter: LetterFilter,
  limit: number,
  before?: number,
): Promise<LetterInList[]> {
  const { where, values } = whereOf([...conditionsOf(filter), ['id < ?', before]])
  return await database.query<LetterInList>(
    `select ${listed} from console.dead_letters ${where} order by id desc limit $${values.length + 1}`,
    [...values, limit],
  )
}

export interface WholeLetter extends LetterInList {
  readonly key: Buffer | null
  readonly headers: JsonHeaders
  readonly value: Buffer | null
}

export interface ReplayRecord {
  readonly number: number
  readonly actor: string
  readonly reason: string
  readonly replayed_at: Date
}

/** @throws notFound */
export async function findLetter(database: Queryable, id: number): Promise<WholeLetter> {
  const [letter] = await database.query<WholeLetter>(
    `select ${listed}, key, headers, value from console.dead_letters where id = $1`,
    [id],
  )
  if (!letter)
    throw notFound(`there is no dead letter ${id}`, {
      hint: '"trainyard dead-letters list" lists them (GET /dead-letters).',
    })
  return letter
}

export async function replaysOf(database: Queryable, id: number): Promise<ReplayRecord[]> {
  return await database.query<ReplayRecord>(
    'select number, actor, reason, replayed_at from console.dead_letter_replays where dead_letter = $1 order by number',
    [id],
  )
}
