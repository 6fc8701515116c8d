import { dropMigrated } from './database.ts'
import { sharedPostgres } from './postgres.ts'
import { beginRun, runOfTests } from './run.ts'

/** Around a whole run of the test suites: the server is there before the first file, and gone after the last one. */
export async function globalSetup(): Promise<void> {
  beginRun()
  await sharedPostgres()
}

export async function globalTeardown(): Promise<void> {
  const server = await sharedPostgres()
  await dropMigrated(runOfTests())
  await server.stop()
}
