import { createHash, randomUUID } from 'node:crypto'
import pg from 'pg'
import { systemRandom } from '../../services/kit/random.ts'
import type { ServiceDefinition } from '../../services/kit/service.ts'
import { type Database, openDatabase } from '../../services/kit/store/database.ts'
import { migrateAll } from '../../services/kit/store/migrate.ts'
import { cleanup, type Ending } from './cleanup.ts'
import { sharedPostgres } from './postgres.ts'

/** An empty database of this test's own on the shared server; dropped when the test ends. */
export async function emptyDatabase(t: Ending): Promise<string> {
  const server = await sharedPostgres()
  const name = `test_${createHash('sha256').update(randomUUID()).digest('hex').slice(0, 16)}`
  await asAdministrator(server.url, `create database ${name}`)
  cleanup(t, () => asAdministrator(server.url, `drop database ${name} with (force)`))
  return Object.assign(new URL(server.url), { pathname: `/${name}` }).href
}

/** The same with the given services' schemas in it. */
export async function testDatabase(
  t: Ending,
  definitions: readonly ServiceDefinition[],
): Promise<Database & { url: string }> {
  const url = await emptyDatabase(t)
  const database = openDatabase({ url, maximumConnections: 10, random: systemRandom })
  cleanup(t, () => database.close())
  await migrateAll(database, definitions)
  return Object.assign(database, { url })
}

/** Makes one database what another one is, as a backup does and a restore from it. Nobody may be connected to either. */
export async function copyDatabase(from: URL, to: URL): Promise<void> {
  const { url } = await sharedPostgres()
  const [source, target] = [from.pathname.slice(1), to.pathname.slice(1)]
  await asAdministrator(url, `drop database ${target} with (force)`)
  await asAdministrator(url, `create database ${target} template ${source}`)
}

async function asAdministrator(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
