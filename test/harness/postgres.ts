import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../services/kit/store/embedded.ts'

const folder = join(fileURLToPath(new URL('../../.cache/', import.meta.url)), 'test-postgres')

let shared: Promise<EmbeddedPostgres> | undefined

/** The one real PostgreSQL that all test files share; whoever comes first starts it. It keeps nothing worth keeping. */
export function sharedPostgres(): Promise<EmbeddedPostgres> {
  mkdirSync(folder, { recursive: true })
  shared ??= startEmbeddedPostgres({ directory: folder, durable: false })
  return shared
}
