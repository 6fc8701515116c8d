/**
 * The log of each attempt: bytes by offset, so that what is sent twice is kept once and what is shown is never lost.
 *
 * Invariant: `log_bytes` of the attempt is how many bytes have been taken in; the chunks hold those below the cap, and
 * where it was reached a mark says so.
 */

import type { AttemptName, RunId } from '../../schemas/words.ts'
import { conflict } from '../kit/errors.ts'
import type { Database } from '../kit/store/database.ts'
import type { AttemptKind } from './facts.ts'

/** Room for the mark of the runner, which keeps to the limit itself. */
const slackBytes = 64 * 1024
const mark = Buffer.from('\n[the log was cut here: it has reached its limit]\n')

export interface Piece {
  readonly attempt: AttemptName
  readonly runner: string
  readonly offset: number
  readonly content: Buffer
}

/** @returns the next offset, or undefined when the attempt is not this runner's to write to */
export async function appendLog(database: Database, piece: Piece): Promise<number | undefined> {
  const rows = await database.query<{ log_bytes: number; limit_bytes: number }>(
    `select a.log_bytes, floor((p.spec ->> 'logLimitMiB')::double precision * 1048576)::bigint as limit_bytes
       from launcher.attempts a join launcher.runs r on r.run = a.run
       join launcher.runs p on p.run = case a.kind when 'train' then r.run else r.champion ->> 'run' end
      where a.attempt = $1 and a.runner = $2 and a.state = 'claimed'`,
    [piece.attempt, piece.runner],
  )
  const row = rows[0]
  if (!row) return undefined
  const { log_bytes: next, limit_bytes: limit } = row
  if (piece.offset > next) throw outOfPlace(piece, next)
  const fresh = piece.content.subarray(next - piece.offset)
  if (fresh.byteLength === 0) return next

  const kept = belowCap(fresh, next, limit + slackBytes)
  const appended = await database.execute(
    `with taken as (
       update launcher.attempts set log_bytes = log_bytes + $4
        where attempt = $1 and runner = $2 and state = 'claimed' and log_bytes = $3::bigint
        returning attempt
     ), stored as (
       insert into launcher.log_chunks (attempt, start_byte, data) select attempt, $3::bigint, $5::bytea from taken where length($5::bytea) > 0
     )
     select from taken`,
    [piece.attempt, piece.runner, next, fresh.byteLength, kept],
  )
  if (appended === 0) throw outOfPlace(piece, next)
  return next + fresh.byteLength
}

/** Pure: what of these bytes is kept, and the mark where the cap is reached. */
export function belowCap(fresh: Buffer, start: number, cap: number): Buffer {
  if (start >= cap) return Buffer.alloc(0)
  return start + fresh.byteLength <= cap ? fresh : Buffer.concat([fresh.subarray(0, cap - start), mark])
}

function outOfPlace({ attempt, offset }: Piece, expectedOffset: number) {
  return conflict(`the log of ${attempt} goes on at ${expectedOffset}, not at ${offset}`, {
    details: { expectedOffset },
  })
}

/** How far a reader has come: chunks are taken in the order of attempt and place. */
export interface LogPosition {
  readonly number: number
  readonly startByte: number
}

export interface LogChunk extends LogPosition {
  readonly data: Buffer
}

export interface LogSelection {
  readonly run: RunId
  readonly kind: AttemptKind
  /** Undefined: all of them, one after the other. */
  readonly number: number | undefined
}

const chunksPerRead = 16

export async function readLog(
  database: Database,
  { run, kind, number }: LogSelection,
  after: LogPosition,
): Promise<LogChunk[]> {
  const rows = await database.query<{ number: number; start_byte: number; data: Buffer }>(
    `select a.number, c.start_byte, c.data
       from launcher.attempts a join launcher.log_chunks c on c.attempt = a.attempt
      where a.run = $1 and a.kind = $2 and ($3::integer is null or a.number = $3) and (a.number, c.start_byte) > ($4::integer, $5::bigint)
      order by a.number, c.start_byte limit $6`,
    [run, kind, number ?? null, after.number, after.startByte, chunksPerRead],
  )
  return rows.map((row) => ({ number: row.number, startByte: row.start_byte, data: row.data }))
}

/** Whether anything can still be written. */
export async function isWritten(database: Database, { run, kind, number }: LogSelection): Promise<boolean> {
  const rows = await database.query<{ open: boolean }>(
    `select r.state in ('queued', 'running') or exists (
              select from launcher.attempts a where a.run = r.run and a.kind = $2 and a.state <> 'ended') as open
       from launcher.runs r where r.run = $1`,
    [run, kind],
  )
  if (number === undefined) return rows[0]?.open !== true
  const attempts = await database.query<{ state: string }>(
    'select state from launcher.attempts where run = $1 and kind = $2 and number = $3',
    [run, kind, number],
  )
  return attempts[0]?.state === 'ended' || (attempts.length === 0 && rows[0]?.open !== true)
}
