import { createHash } from 'node:crypto'
import { mkdirSync, statfsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../services/kit/store/embedded.ts'

const cache = fileURLToPath(new URL('../../.cache/', import.meta.url))
const memory = '/dev/shm'
const leastMemoryBytes = 4 * 1024 ** 3

/**
 * In memory, where the system has a good part of it for files. A database is three hundred files, each test makes one and drops
 * it, and on a disk that was nearly half of all that PostgreSQL did.
 */
const folder = isLarge(memory)
  ? join(memory, `trainyard-tests-${createHash('sha256').update(cache).digest('hex').slice(0, 16)}`)
  : join(cache, 'test-postgres')

function isLarge(path: string): boolean {
  try {
    const { blocks, bsize } = statfsSync(path)
    return blocks * bsize >= leastMemoryBytes
  } catch {
    return false
  }
}

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
 * @returns lets go of it; whoever does so last stops the server, and removes it
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
    await rm(server.home, { recursive: true, force: true })
  }
}
