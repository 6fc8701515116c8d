import { globalSetup as setupPostgres, globalTeardown as teardownPostgres } from '../harness/setup.ts'
import type { ControlPlane } from './control-plane.ts'
import { shareCluster } from './shared.ts'

let controlPlane: ControlPlane | undefined

/** Around a run of the suites that need Kubernetes: the servers are there before the first file, and gone after the last. */
export async function globalSetup(): Promise<void> {
  controlPlane = await shareCluster()
  await setupPostgres()
}

export async function globalTeardown(): Promise<void> {
  await controlPlane?.shutDown()
  await teardownPostgres()
}
