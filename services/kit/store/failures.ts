import pg from 'pg'
import { diskFull, messageOf, TrainyardError, unavailable } from '../errors.ts'

/**
 * SQLSTATEs, or the beginnings of their classes, of what passes without anybody changing the statement: the server is away,
 * starting, stopping or a standby; it has too many guests or too little room; or it wants the transaction tried again.
 */
const passing = [
  '08', // connection
  '25006', // read-only, as a standby is
  '25P03', // idle in a transaction for too long, as a process that was stopped
  '25P04', // a transaction that took too long
  '28', // credentials: changed, and not yet here
  '3D000', // no such database, yet
  '40', // deadlock, serialisation
  '53', // too many connections, too little memory
  '55P03', // a lock that was not to be had
  '57', // stopped, crashed or starting; a statement that was cancelled
  '58', // the operating system failed it
]
const diskFullState = '53100'

/** What the driver threw, as one of ours where another try may help; else as it is. */
export function failureOf(error: unknown): unknown {
  if (error instanceof pg.DatabaseError) {
    const state = error.code ?? ''
    if (state === diskFullState) return diskFull(error)
    return passing.some((beginning) => state.startsWith(beginning)) ? away(error) : error
  }
  if (error instanceof TrainyardError) return error
  // All that the driver says by itself is about the connection, but for values that it cannot send.
  return error instanceof TypeError || error instanceof RangeError ? error : away(error)
}

export function rethrow(error: unknown): never {
  throw failureOf(error)
}

function away(error: unknown) {
  return unavailable(`the database cannot answer now: ${messageOf(error)}`, { cause: error })
}
