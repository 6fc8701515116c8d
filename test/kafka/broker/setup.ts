import { globalSetup as setupPostgres, globalTeardown as teardownPostgres } from '../../harness/setup.ts'
import type { Broker } from './broker.ts'
import { shareBroker } from './shared.ts'

let broker: Broker | undefined

/** Around a run of the suites that need Kafka: the servers are there before the first file, and gone after the last. */
export async function globalSetup(): Promise<void> {
  broker = await shareBroker()
  await setupPostgres()
}

export async function globalTeardown(): Promise<void> {
  await broker?.stop()
  await teardownPostgres()
}
