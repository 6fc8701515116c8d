import { sharedPostgres } from './postgres.ts'

/** Around a whole run of the test suites: the server is there before the first file, and gone after the last one. */
export async function globalSetup(): Promise<void> {
  await sharedPostgres()
}

export async function globalTeardown(): Promise<void> {
  const server = await sharedPostgres()
  await server.stop()
}
