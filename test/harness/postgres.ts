import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '../../services/kit/store/embedded.ts'

const folder = join(fileURLToPath(new URL('../../.cache/', import.meta.url)), 'test-postgres')

/** The one real PostgreSQL that all test files share; whoever comes first starts it. It keeps nothing worth keeping. */
export async function sharedPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  mkdirSync(folder, { recursive: true })
  return await startEmbeddedPostgres({ directory: folder, durable: false })
}
