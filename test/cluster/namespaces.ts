import { randomUUID } from 'node:crypto'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import type { Cluster } from './cluster.ts'

/** The label by which nodes belong to a namespace. */
export const ownerLabel = 'test/namespace'

/**
 * A namespace of the test's own, removed when it ends. Its pods run on the nodes that were made for it and on no others,
 * so that tests share a control plane and not its nodes.
 */
export async function makeNamespace(
  t: Ending,
  { admin }: Cluster,
  labels: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = `test-${randomUUID().slice(0, 8)}`
  const annotations = { 'scheduler.alpha.kubernetes.io/node-selector': `${ownerLabel}=${name}` }
  await admin.create('/api/v1/namespaces', { metadata: { name, labels, annotations } })
  cleanup(t, () => admin.remove(`/api/v1/namespaces/${name}`))
  // Until it is there, pods are refused.
  await eventually(() => admin.get<object>(`/api/v1/namespaces/${name}/serviceaccounts/default`))
  return name
}
