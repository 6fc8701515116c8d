import { createHash } from 'node:crypto'
import pg from 'pg'
import { codeOf } from '../errors.ts'
import type { Random } from '../random.ts'

/**
 * PostgreSQL as the services see it: rows in, rows out, and transactions that are tried again when PostgreSQL asks for
 * it. `int8` and `numeric` come as numbers (no value of ours passes 2^53), `timestamptz` as Date, `jsonb` parsed.
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
  /** A connection of its own, for what lives as long as a session does: advisory locks. */
  session(): Promise<Session>
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

const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.INT8, Number)
types.setTypeParser(pg.types.builtins.NUMERIC, Number)

// Statements are few and constant, so each gets a name and is planned once per connection.
const statementNames = new Map<string, string>()
function nameOf(text: string): string {
  let name = statementNames.get(text)
  if (name === undefined) {
    name = createHash('sha1').update(text).digest('hex')
    statementNames.set(text, name)
  }
  return name
}

const queryableOver = (run: (config: pg.QueryConfig) => Promise<pg.QueryResult>): Queryable => ({
  query: async <R extends object>(text: string, values: readonly unknown[] = []) =>
    (await run({ name: nameOf(text), text, values: [...values] })).rows as R[],
  execute: async (text, values = []) => (await run({ name: nameOf(text), text, values: [...values] })).rowCount ?? 0,
})

export function openDatabase(options: DatabaseOptions): Database {
  const connection = { connectionString: options.url, types, application_name: 'trainyard' }
  const pool = new pg.Pool({ ...connection, max: options.maximumConnections, connectionTimeoutMillis: 10_000 })
  pool.on('error', (error) => options.onIdleError?.(error))

  async function once<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await pool.connect()
    const actions: (() => void)[] = []
    let broken: Error | undefined
    const noteBreak = (error: Error) => {
      broken = error
    }
    client.on('error', noteBreak)
    try {
      await client.query('begin')
      const result = await work({
        ...queryableOver((config) => client.query(config)),
        afterCommit: (action) => actions.push(action),
        script: async (text) => {
          await client.query(text)
        },
      })
      await client.query('commit')
      for (const action of actions) action()
      return result
    } catch (error) {
      await client.query('rollback').catch(noteBreak)
      throw error
    } finally {
      client.off('error', noteBreak)
      client.release(broken)
    }
  }

  return {
    ...queryableOver((config) => pool.query(config)),

    async transaction(work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(work)
        } catch (error) {
          const code = codeOf(error)
          const again = code === serializationFailure || code === deadlockDetected
          if (!again || attempt === attemptsPerTransaction) throw error
          await new Promise((resolve) => setTimeout(resolve, options.random.fraction() * 10 * attempt))
        }
      }
    },

    async session() {
      const client = new pg.Client(connection)
      const ended = new Promise<void>((resolve) => {
        client.once('error', () => resolve())
        client.once('end', () => resolve())
      })
      await client.connect()
      return { ...queryableOver((config) => client.query(config)), ended, close: () => client.end() }
    },

    close: () => pool.end(),
  }
}
