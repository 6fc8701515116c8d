import { type Cluster, openCluster } from './cluster.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'

const variable = 'TEST_CLUSTER_DIRECTORY'
let shared: Promise<Cluster> | undefined

/**
 * The one real control plane that all files of a run share; a test keeps to a namespace and nodes of its own there, and
 * leaves it running. A file that is run by itself has one of its own.
 */
export async function sharedCluster(): Promise<Cluster> {
  const known = process.env[variable]
  shared ??= known === undefined ? startControlPlane() : openCluster(known)
  return await shared
}

/** For the setup of a run: whoever it starts finds the control plane. */
export async function shareCluster(): Promise<ControlPlane> {
  const controlPlane = await startControlPlane()
  process.env[variable] = controlPlane.directory
  return controlPlane
}
