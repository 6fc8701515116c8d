import { createHash } from 'node:crypto'
import pg from 'pg'
import { codeOf, TrainyardError } from '../errors.ts'
import type { Random } from '../random.ts'
import { rethrow } from './failures.ts'
import { parameterOf } from './parameters.ts'
import { ask, byKey, byValue, connectionTo, loosely, openPool, type Pool, type Settings } from './pool.ts'

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

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

export interface Transaction extends Queryable {
  /** What `owner` has for as long as the transaction lasts; made when it is first asked for. */
  own<T>(owner: object, make: () => T): T
  /** What it gives comes last, and goes to PostgreSQL together with the commit. */
  beforeCommit(statements: () => readonly Statement[]): void
  /** Runs once the commit has succeeded, and never otherwise: the place to wake the next step. */
  afterCommit(action: () => void): void
  /** Runs when the commit itself has failed, and nobody knows whether it took effect: the place to have somebody look. */
  whenInDoubt(action: () => void): void
  /** Several statements without values, as in a migration. */
  script(text: string): Promise<void>
}

export interface Database extends Queryable {
  /**
   * For a statement that finds its rows by a key, many times a second: its plan is kept, one that goes by an index however
   * small the table was. The statements of a transaction and of a session are taken for such, too; what is asked of the
   * database itself is planned for its values, as a list by whatever somebody chose must be.
   */
  readonly keyed: Queryable
  /**
   * Like `keyed`, and the commit does not wait for the disk: for what is just done again if PostgreSQL crashes before it is
   * there. Nothing that is committed after it can be there without it.
   */
  readonly loose: Queryable
  /**
   * Runs `work` in one transaction. After a deadlock or a serialisation failure it runs again from the start, so it must
   * have no effect but through the transaction.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** A connection of its own, for what lives as long as a session does: advisory locks. */
  session(options?: SessionOptions): Promise<Session>
  close(): Promise<void>
}

export interface SessionOptions {
  /** When PostgreSQL ends it if nothing is asked of it; without it, never. */
  readonly idleLimitMs?: number
  /** Whether its commits do not wait for the disk; see `loose`. */
  readonly isLoose?: boolean
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
/** Beside the others, since what is asked of them is short. */
const looseConnections = 2

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
  const answer = (text: string, values: readonly unknown[]) =>
    run({ name: nameOf(text), text, values: values.map(parameterOf) }).catch(rethrow)
  return {
    query: async <R extends object>(text: string, values: readonly unknown[] = []) =>
      (await answer(text, values)).rows as R[],
    execute: async (text, values = []) => (await answer(text, values)).rowCount ?? 0,
  }
}

export function openDatabase({ url, maximumConnections, random, onIdleError }: DatabaseOptions): Database {
  const pool = openPool(url, byKey, maximumConnections, onIdleError)
  const loosePool = openPool(url, loosely, looseConnections, onIdleError)

  const asking = (from: Pool, settings: Settings): Queryable =>
    queryableOver((config) => from.lend(settings, (client) => ask(client, config)))

  async function inTransaction<T>(
    client: pg.PoolClient,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<{ result: T; actions: readonly (() => void)[] }> {
    const actions: (() => void)[] = []
    const doubts: (() => void)[] = []
    const last: (() => readonly Statement[])[] = []
    let firstFailure: unknown
    // Whatever was asked together with what fails fails because of it, and says no more; it may be heard sooner all the same.
    const askWithin = (config: pg.QueryConfig | string) =>
      ask(client, config).catch((error: unknown) => {
        firstFailure ??= error
        throw firstFailure
      })
    const asked = queryableOver(askWithin)
    const owned = new Map<object, unknown>()
    await ask(client, 'begin').catch(rethrow)
    const result = await work({
      ...asked,
      own<T>(owner: object, make: () => T) {
        if (!owned.has(owner)) owned.set(owner, make())
        return owned.get(owner) as T
      },
      beforeCommit: (statements) => last.push(statements),
      afterCommit: (action) => actions.push(action),
      whenInDoubt: (action) => doubts.push(action),
      script: async (text) => {
        await askWithin(text).catch(rethrow)
      },
    })
    // After one that failed, the commit undoes all the same.
    const closing = last.flatMap((statements) => statements()).map(({ text, values }) => asked.execute(text, values))
    // When this fails nobody knows whether it took effect: what follows must be safe to do again.
    const committed = ask(client, 'commit').catch(rethrow)
    await Promise.all([...closing, committed]).catch((error: unknown) => {
      for (const action of doubts) action()
      throw error
    })
    const { command } = await committed
    // PostgreSQL does not call it an error when a statement had failed before, and nobody waited for it or heeded it.
    if (command !== 'COMMIT') rethrow(firstFailure)
    return { result, actions }
  }

  async function once<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { result, actions } = await pool.lend(byKey, async (client, giveUp) => {
      try {
        return await inTransaction(client, work)
      } catch (error) {
        await ask(client, 'rollback').catch(giveUp)
        throw error
      }
    })
    for (const action of actions) action()
    return result
  }

  return {
    ...asking(pool, byValue),
    keyed: asking(pool, byKey),
    loose: asking(loosePool, loosely),

    async transaction(work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(work)
        } catch (error) {
          if (!wantsAnotherTry(error) || attempt === attemptsPerTransaction) throw error
          await new Promise((resolve) => setTimeout(resolve, random.fraction() * 10 * attempt))
        }
      }
    },

    session: (options) => openSession(url, options),
    async close() {
      await Promise.all([pool.end(), loosePool.end()])
    },
  }
}

export async function openSession(
  url: string,
  { idleLimitMs = 0, isLoose = false }: SessionOptions = {},
): Promise<Session> {
  const client = new pg.Client(connectionTo(url, isLoose ? loosely : byKey))
  // A connection that breaks says so more than once; the end says it best.
  client.on('error', () => {})
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()))
  await client.connect().catch(rethrow)
  const session = { ...queryableOver((config) => ask(client, config)), ended, close: () => client.end() }
  try {
    await session.query("select set_config('idle_session_timeout', $1, false)", [String(idleLimitMs)])
  } catch (error) {
    await session.close().catch(() => {})
    throw error
  }
  return session
}

function wantsAnotherTry(error: unknown): boolean {
  const state = error instanceof TrainyardError ? codeOf(error.cause) : undefined
  return state === serializationFailure || state === deadlockDetected
}
