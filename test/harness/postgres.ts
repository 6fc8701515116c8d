import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../services/kit/store/embedded.ts'

const folder = join(fileURLToPath(new URL('../../.cache/', import.meta.url)), 'test-postgres')

let shared: Promise<EmbeddedPostgres> | undefined

/** The one real PostgreSQL that all test files share; whoever comes first starts it. It keeps nothing worth keeping. */
export function sharedPostgres(): Promise<EmbeddedPostgres> {
  mkdirSync(folder, { recursive: true })
  shared ??= startEmbeddedPostgres({ directory: folder, durable: false })
  return shared
}

/** The number of the advisory lock that every run of the suites shares. */
const inUse = 1

/**
 * Keeps the shared server for one run of the suites; runs in one checkout may go on side by side.
 *
 * @returns lets go of it; whoever does so last stops the server, and removes all that it held
 */
export async function holdPostgres(): Promise<() => Promise<void>> {
  const server = await sharedPostgres()
  const session = new pg.Client({ connectionString: server.url })
  session.on('error', () => {})
  await session.connect()
  await session.query('select pg_advisory_lock_shared($1)', [inUse])
  return async () => {
    await session.query('select pg_advisory_unlock_shared($1)', [inUse])
    const { rows } = await session.query<{ last: boolean }>('select pg_try_advisory_lock($1) as last', [inUse])
    await session.end()
    if (!rows[0]?.last) return
    await server.stop()
    // A hundred thousand files: nobody need wait for them to go.
    const aside = `${server.home}-${randomUUID()}`
    await rename(server.home, aside)
    spawn('rm', ['-rf', aside], { detached: true, stdio: 'ignore' }).unref()
  }
}
