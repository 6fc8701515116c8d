import { createHash, randomUUID } from 'node:crypto'
import pg from 'pg'
import { systemRandom } from '../../services/kit/random.ts'
import type { ServiceDefinition } from '../../services/kit/service.ts'
import { type Database, openDatabase } from '../../services/kit/store/database.ts'
import { migrateAll } from '../../services/kit/store/migrate.ts'
import { cleanup, type Ending } from './cleanup.ts'
import { sharedPostgres } from './postgres.ts'
import { runOfTests } from './run.ts'

/** An empty database of this test's own on the shared server; dropped when the test ends. */
export async function emptyDatabase(t: Ending): Promise<string> {
  return await databaseLike(t, 'template1')
}

/** The same for all services, which find nothing to migrate when they start. */
export async function servicesDatabase(t: Ending): Promise<string> {
  const load = async () => (await import('../../services/all.ts')).everyService
  return await databaseLike(t, await migratedDatabase('every service', load))
}

/** The same with the given services' schemas in it. */
export async function testDatabase(
  t: Ending,
  definitions: readonly ServiceDefinition[],
): Promise<Database & { url: string }> {
  const names = definitions.map((each) => each.name).join()
  const url = await databaseLike(t, await migratedDatabase(names, async () => definitions))
  const database = openDatabase({ url, maximumConnections: 10, random: systemRandom })
  cleanup(t, () => database.close())
  return Object.assign(database, { url })
}

/** The same database by the server's port alone: a pod, or another user, reaches no socket in the server's folder. */
export const overTheNetwork = (url: string): string => Object.assign(new URL(url), { search: '' }).href

/** Makes one database what another one is, as a backup does and a restore from it. Nobody may be connected to either. */
export async function copyDatabase(from: URL, to: URL): Promise<void> {
  const [source, target] = [from.pathname.slice(1), to.pathname.slice(1)]
  await asAdministrator(async (server) => {
    await server.query(`drop database ${target} with (force)`)
    await server.query(copyOf(source, target))
  })
}

/** Drops what was kept for a run of the test suites. */
export async function dropMigrated(run: string): Promise<void> {
  await asAdministrator(async (server) => {
    const { rows } = await server.query<{ datname: string }>('select datname from pg_database where datname like $1', [
      `migrated_${run}_%`,
    ])
    for (const { datname } of rows) await server.query(`drop database ${datname} with (force)`)
  })
}

async function databaseLike(t: Ending, source: string): Promise<string> {
  const name = `test_${shortDigest(randomUUID())}`
  await asAdministrator((server) => server.query(copyOf(source, name)))
  cleanup(t, () => asAdministrator((server) => server.query(`drop database ${name} with (force)`)))
  return await urlOf(name)
}

/** Migrating takes longer than copying, and most tests begin with the same: done once in a run, by whoever comes first. */
async function migratedDatabase(whose: string, load: () => Promise<readonly ServiceDefinition[]>): Promise<string> {
  const name = `migrated_${runOfTests()}_${shortDigest(whose)}`
  await asAdministrator(async (server) => {
    await server.query('select pg_advisory_lock(hashtext($1))', [name])
    try {
      const { rowCount } = await server.query('select from pg_database where datname = $1', [name])
      if (rowCount) return
      const unfinished = `unfinished_${name}`
      await server.query(`drop database if exists ${unfinished} with (force)`)
      await server.query(copyOf('template1', unfinished))
      const database = openDatabase({ url: await urlOf(unfinished), maximumConnections: 1, random: systemRandom })
      await migrateAll(database, await load()).finally(() => database.close())
      await server.query(`alter database ${unfinished} rename to ${name}`)
    } finally {
      await server.query('select pg_advisory_unlock(hashtext($1))', [name])
    }
  })
  return name
}

/** On a server that need not survive a crash, copying the files is several times faster than logging their pages. */
const copyOf = (source: string, name: string): string => `create database ${name} template ${source} strategy file_copy`

const shortDigest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

async function urlOf(database: string): Promise<string> {
  return Object.assign(new URL((await sharedPostgres()).url), { pathname: `/${database}` }).href
}

let administrators: Promise<pg.Pool> | undefined

/** In a session of its own, kept for whoever comes next: opening one takes a good part of a database's time. */
async function asAdministrator(work: (server: pg.PoolClient) => Promise<unknown>): Promise<void> {
  administrators ??= openAdministrators()
  const server = await (await administrators).connect()
  try {
    await work(server)
  } finally {
    server.release()
  }
}

async function openAdministrators(): Promise<pg.Pool> {
  const { url } = await sharedPostgres()
  // The last of its users stops the server; who waits for nothing more need not hear of it.
  const pool = new pg.Pool({ connectionString: url, allowExitOnIdle: true })
  pool.on('error', () => {})
  return pool
}
