import { createHash } from 'node:crypto'
import pg from 'pg'
import { broken, codeOf, TrainyardError } from '../errors.ts'
import type { Random } from '../random.ts'
import { failureOf } from './failures.ts'

/**
 * PostgreSQL as the services see it: rows in, rows out, and transactions that are tried again when PostgreSQL asks for
 * it. `int8` and `numeric` come as numbers (no value of ours passes 2^53), `timestamptz` as Date, `jsonb` parsed. A failure
 * that may pass (the server is away, restarts, is full) is thrown as `unavailable`.
 */
export interface Queryable {
  query<R extends object>(text: string, values?: readonly unknown[]): Promise<R[]>
  /** The number of rows that the statement changed. */
  execute(text: string, values?: readonly unknown[]): Promise<number>
}

export interface Transaction extends Queryable {
  /** Runs once the commit has succeeded, and never otherwise: the place to wake the next step. */
  afterCommit(action: () => void): void
  /** Several statements without values, as in a migration. */
  script(text: string): Promise<void>
}

export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction. After a deadlock or a serialisation failure it runs again from the start, so it must
   * have no effect but through the transaction.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /**
   * A connection of its own, for what lives as long as a session does: advisory locks.
   * @param idleLimitMs when PostgreSQL ends it if nothing is asked of it; without it, never
   */
  session(idleLimitMs?: number): Promise<Session>
  close(): Promise<void>
}

export interface Session extends Queryable {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly url: string
  readonly maximumConnections: number
  readonly random: Random
  /** A connection that breaks while nobody uses it: worth a log line, no more, since the next query opens another. */
  readonly onIdleError?: (error: Error) => void
}

const attemptsPerTransaction = 10
const serializationFailure = '40001'
const deadlockDetected = '40P01'
const connectLimitMs = 10_000
/** What a process holds that was stopped, or cut off, in the middle of a transaction is given back after this time. */
const idleInTransactionLimitMs = 30_000

const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.INT8, Number)
types.setTypeParser(pg.types.builtins.NUMERIC, Number)

// Statements are few and constant, so each gets a name and is parsed once per connection.
const statementNames = new Map<string, string>()
function nameOf(text: string): string {
  let name = statementNames.get(text)
  if (name === undefined) {
    name = createHash('sha1').update(text).digest('hex')
    statementNames.set(text, name)
  }
  return name
}

function queryableOver(run: (config: pg.QueryConfig) => Promise<pg.QueryResult>): Queryable {
  const ask = (text: string, values: readonly unknown[]) =>
    run({ name: nameOf(text), text, values: [...values] }).catch(rethrow)
  return {
    query: async <R extends object>(text: string, values: readonly unknown[] = []) =>
      (await ask(text, values)).rows as R[],
    execute: async (text, values = []) => (await ask(text, values)).rowCount ?? 0,
  }
}

function rethrow(error: unknown): never {
  throw failureOf(error)
}

const connectionTo = (url: string) => ({
  connectionString: url,
  types,
  application_name: 'trainyard',
  connectionTimeoutMillis: connectLimitMs,
  idle_in_transaction_session_timeout: idleInTransactionLimitMs,
  // A plan that is kept was made for a table as it was: one that was empty then is scanned from end to end later on.
  options: '-c plan_cache_mode=force_custom_plan',
  // A server that has vanished without a word is noticed.
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
})

export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({ ...connectionTo(options.url), max: options.maximumConnections })
  pool.on('error', (error) => {
    // The pool says that it has ended before its connections have: the server may be faster.
    if (!pool.ending) options.onIdleError?.(error)
  })
  // A lent connection may break when nobody listens: between two statements, or before its borrower has had a turn. The next
  // statement says so, and the pool lends it no more.
  pool.on('connect', (client) => client.on('error', () => {}))

  async function once<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await pool.connect().catch(rethrow)
    const actions: (() => void)[] = []
    let inDoubt: Error | undefined
    try {
      await client.query('begin').catch(rethrow)
      const result = await work({
        ...queryableOver((config) => client.query(config)),
        afterCommit: (action) => actions.push(action),
        script: async (text) => {
          await client.query(text).catch(rethrow)
        },
      })
      // When this fails nobody knows whether it took effect: what follows must be safe to do again.
      const { command } = await client.query('commit').catch(rethrow)
      // PostgreSQL does not call it an error when a statement had failed before, and somebody went on all the same.
      if (command !== 'COMMIT') throw broken('a transaction went on after a statement of it had failed')
      for (const action of actions) action()
      return result
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => {
        inDoubt = failure
      })
      throw error
    } finally {
      client.release(inDoubt)
    }
  }

  return {
    ...queryableOver((config) => pool.query(config)),

    async transaction(work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(work)
        } catch (error) {
          if (!wantsAnotherTry(error) || attempt === attemptsPerTransaction) throw error
          await new Promise((resolve) => setTimeout(resolve, options.random.fraction() * 10 * attempt))
        }
      }
    },

    session: (idleLimitMs) => openSession(options.url, idleLimitMs),
    close: () => pool.end(),
  }
}

export async function openSession(url: string, idleLimitMs = 0): Promise<Session> {
  const client = new pg.Client(connectionTo(url))
  // A connection that breaks says so more than once; the end says it best.
  client.on('error', () => {})
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()))
  await client.connect().catch(rethrow)
  const session = { ...queryableOver((config) => client.query(config)), ended, close: () => client.end() }
  await session.query("select set_config('idle_session_timeout', $1, false)", [String(idleLimitMs)])
  return session
}

function wantsAnotherTry(error: unknown): boolean {
  const state = error instanceof TrainyardError ? codeOf(error.cause) : undefined
  return state === serializationFailure || state === deadlockDetected
}
