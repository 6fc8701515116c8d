/** Connections to PostgreSQL, and how each plans and commits. */
import pg from 'pg'
import { rethrow } from './failures.ts'

/** Of PostgreSQL, for a connection. Those that one pool lends set the same ones. */
export type Settings = Readonly<Record<string, string>>

/**
 * Half of what a statement by key costs is its planning. But a plan that is kept was made for the table as it was, and one that
 * was empty then would be scanned from end to end when it has grown: so those that are kept go by an index. They may still go
 * through all of a partial one that held little then, so none is older than a minute, and what cannot bear that for a minute
 * looks key by key (`lateral`).
 */
export const byKey: Settings = { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off' }
export const byValue: Settings = { plan_cache_mode: 'force_custom_plan', enable_seqscan: 'on' }
export const loosely: Settings = { ...byKey, synchronous_commit: 'off' }

const connectLimitMs = 10_000
/** A plan goes with its connection. */
const longestLifeSeconds = 60
/** What a process holds that was stopped, or cut off, in the middle of a transaction is given back after this time. */
const idleInTransactionLimitMs = 30_000

const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.INT8, Number)
types.setTypeParser(pg.types.builtins.NUMERIC, Number)

const settingsAs = (settings: Settings, prefix: string, separator: string): string =>
  Object.entries(settings)
    .map(([name, value]) => `${prefix} ${name}=${value}`)
    .join(separator)

export function connectionTo(url: string, settings: Settings): pg.ClientConfig {
  const { connectionString, options } = apart(url)
  return {
    connectionString,
    types,
    // What is asked before the answer to what was asked before goes out at once.
    pipeline: true,
    application_name: 'trainyard',
    connectionTimeoutMillis: connectLimitMs,
    idle_in_transaction_session_timeout: idleInTransactionLimitMs,
    options: `${options} ${settingsAs(settings, '-c', ' ')}`.trim(),
    // A server that has vanished without a word is noticed.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/** The driver would take the options of the URL in place of ours. */
function apart(url: string): { connectionString: string; options: string } {
  const parsed = URL.parse(url)
  const options = parsed?.searchParams.get('options') ?? ''
  if (parsed === null || options === '') return { connectionString: url, options }
  parsed.searchParams.delete('options')
  return { connectionString: parsed.href, options }
}

/**
 * With a callback, since each promise of pg's own is made with a function that V8 puts among the old objects at once: whatever
 * hangs on it, the result above all, is then kept until all objects are gone through.
 */
export const ask = (client: pg.ClientBase, config: pg.QueryConfig | string): Promise<pg.QueryResult> =>
  new Promise((resolve, reject) => {
    client.query(config, (error: Error | null, result) => (error === null ? resolve(result) : reject(error)))
  })

export interface Pool {
  /** Lends a connection with these settings, and never again one that breaks meanwhile, or is given up. */
  lend<T>(settings: Settings, use: (client: pg.PoolClient, giveUp: (error: Error) => void) => Promise<T>): Promise<T>
  end(): Promise<void>
}

export function openPool(url: string, settings: Settings, max: number, onIdleError?: (error: Error) => void): Pool {
  const pool = new pg.Pool({ ...connectionTo(url, settings), max, maxLifetimeSeconds: longestLifeSeconds })
  const changed = new WeakMap<pg.PoolClient, Settings>()
  pool.on('error', (error) => {
    // The pool says that it has ended before its connections have: the server may be faster.
    if (!pool.ending) onIdleError?.(error)
  })
  // A lent connection may break when nobody listens: between two statements, or before its borrower has had a turn. The next
  // statement says so, and the pool lends it no more.
  pool.on('connect', (client) => client.on('error', () => {}))

  return {
    async lend(wanted, use) {
      const client = await pool.connect().catch(rethrow)
      let inDoubt: Error | undefined
      const giveUp = (error: Error) => {
        inDoubt = error
      }
      try {
        if ((changed.get(client) ?? settings) !== wanted) {
          await ask(client, settingsAs(wanted, 'set', ';')).catch(rethrow)
          changed.set(client, wanted)
        }
        return await use(client, giveUp)
      } finally {
        client.release(inDoubt)
      }
    },
    end: () => pool.end(),
  }
}
