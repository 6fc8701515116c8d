import { join, resolve } from 'node:path'
import { makeDataDirectory } from '../data-directory.ts'
import type { Environment } from '../environment.ts'
import { broken, conflict, messageOf, TrainyardError, unavailable } from '../errors.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Logger } from '../log.ts'
import { systemRandom } from '../random.ts'
import { type Database, openDatabase, openSession, type Session } from './database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'
import { pastPooler, requireFitness } from './fitness.ts'

/** The database of `DATABASE_URL`, or the one that comes with the package; stopped with the process. */
export async function openStore(environment: Environment, lifecycle: Lifecycle, log: Logger): Promise<Database> {
  const url = environment.databaseUrl ?? (await openEmbedded(environment.dataDirectory, lifecycle, log))
  const database = openDatabase({
    url,
    maximumConnections: environment.databaseConnections,
    random: systemRandom,
    onIdleError: (error) =>
      log.warn({ error: error.message }, 'a connection to the database broke; another will be opened'),
  })
  lifecycle.add({ name: 'database', stop: () => database.close() })
  await requireFitness(database).catch((error: unknown) => {
    const isAway = error instanceof TrainyardError && error.retryable
    if (environment.databaseUrl === undefined || !isAway) throw error
    throw unavailable(`the database of DATABASE_URL does not let us in: ${reasonOf(error)}`, {
      hint: /unsupported startup parameter/.test(reasonOf(error))
        ? pastPooler
        : 'Check DATABASE_URL, and whether PostgreSQL runs there.',
      cause: error,
    })
  })
  return database
}

/** What the driver said, without our own words around it. */
function reasonOf(error: unknown): string {
  return messageOf(error instanceof TrainyardError && error.cause !== undefined ? error.cause : error)
}

/**
 * Holds the directory from the start on, so that a second process on it never stops the server under the first one: a lock
 * that PostgreSQL keeps as long as this process lives, and gives back when it is killed. When PostgreSQL itself is killed
 * it is started again where it was, and the directory held again.
 */
async function openEmbedded(dataDirectory: string, lifecycle: Lifecycle, log: Logger): Promise<string> {
  makeDataDirectory(dataDirectory)
  const directory = resolve(join(dataDirectory, 'postgres'))
  let server = await startEmbeddedPostgres({ directory, durable: true })
  let session = await hold(server, dataDirectory)
  const { url } = server
  let stopping = false

  async function holdOn(): Promise<void> {
    for (;;) {
      await session.ended
      if (stopping) return
      log.error('the embedded PostgreSQL has ended; it is started again')
      server = await startEmbeddedPostgres({ directory, durable: true, port: Number(new URL(url).port) })
      session = await hold(server, dataDirectory)
      if (stopping) return
    }
  }
  const holding = holdOn().catch((error: unknown) => {
    lifecycle.fail(broken(`the embedded PostgreSQL has ended: ${messageOf(error)}`, { cause: error }))
  })

  lifecycle.add({
    name: 'embedded postgres',
    async stop() {
      stopping = true
      await session.close()
      await holding
      await server.stop()
    },
  })
  return url
}

async function hold(server: EmbeddedPostgres, dataDirectory: string): Promise<Session> {
  const session = await openSession(server.url)
  const rows = await session.query<{ locked: boolean }>(
    "select pg_try_advisory_lock(hashtext('trainyard.directory')) as locked",
  )
  if (rows[0]?.locked) return session
  await session.close()
  throw conflict(`another trainyard runs on the data directory ${dataDirectory}`, {
    hint: 'Stop it first, or choose another one with --data-dir or TRAINYARD_DATA_DIR.',
  })
}
