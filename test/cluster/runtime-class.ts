import { cleanup, type Ending } from '../harness/cleanup.ts'
import type { Cluster } from './cluster.ts'

const path = '/apis/node.k8s.io/v1/runtimeclasses'

/** One of this name, until the test ends: without it no pod may name it. */
export async function makeRuntimeClass(t: Ending, { admin }: Cluster, name: string): Promise<string> {
  await admin.create(path, { metadata: { name }, handler: name })
  cleanup(t, () => admin.remove(`${path}/${name}`))
  return name
}
