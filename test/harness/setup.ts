import { dropMigrated } from './database.ts'
import { holdPostgres } from './postgres.ts'
import { beginRun, runOfTests } from './run.ts'

let letGo: (() => Promise<void>) | undefined

/** Around a whole run of the test suites: the server is there before the first file, and gone after the last one. */
export async function globalSetup(): Promise<void> {
  beginRun()
  letGo = await holdPostgres()
}

export async function globalTeardown(): Promise<void> {
  await dropMigrated(runOfTests())
  await letGo?.()
}
