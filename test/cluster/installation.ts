import { fileURLToPath } from 'node:url'
import { restricted } from '../../deploy/manifests/attempts.ts'
import type { ServiceName } from '../../services/kit/service.ts'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { freePort } from '../harness/ports.ts'
import type { Cluster } from './cluster.ts'
import { makeHelm } from './helm/helm.ts'
import { makeNamespace } from './namespaces.ts'
import type { List } from './objects.ts'
import type { Pod } from './pods.ts'

export const chart = fileURLToPath(new URL('../../deploy/chart', import.meta.url))
export const token = 'a-token-of-sixteen-or-more'

/** Trainyard as the chart makes it, in namespaces of this test's own. */
export async function install(
  t: Ending,
  cluster: Cluster,
  { databaseUrl = 'postgres://postgres.example/none', values = [] as readonly string[] } = {},
) {
  const namespace = await makeNamespace(t, cluster, restricted)
  const attempts = `${namespace}-attempts`
  const helm = await makeHelm(t, cluster.kubeconfig)
  const stringData = { DATABASE_URL: databaseUrl, TRAINYARD_API_TOKEN: token }
  await cluster.admin.create(`/api/v1/namespaces/${namespace}/secrets`, { metadata: { name: 'trainyard' }, stringData })
  const flags = [`--namespace=${namespace}`, `--set=attempts.namespace=${attempts}`, ...values]
  await helm('install', 'trainyard', chart, ...flags)
  cleanup(t, () => cluster.admin.remove(`/api/v1/namespaces/${attempts}`))
  cleanup(t, () => helm('uninstall', 'trainyard', `--namespace=${namespace}`, '--ignore-not-found'))
  return { namespace, attempts, helm, flags }
}

export const deploymentOf = (namespace: string, service: ServiceName): string =>
  `/apis/apps/v1/namespaces/${namespace}/deployments/trainyard-${service}`

/**
 * Lets a service listen on a free port, since the pods of the kubelet under test share this machine's. No names are looked up
 * there, so attempts reach the launcher by that port, too.
 * @param changes what else is to be other than the chart says
 */
export async function givePort(
  { admin }: Cluster,
  namespace: string,
  service: ServiceName,
  changes: object = {},
): Promise<number> {
  const port = await freePort()
  const env = [
    { name: 'TRAINYARD_PORT', value: String(port) },
    ...(service === 'launcher' ? [{ name: 'TRAINYARD_RUN_API_URL', value: `http://127.0.0.1:${port}` }] : []),
  ]
  const spec = { template: { spec: { containers: [{ name: service, env, ...changes }] } } }
  await admin.patch(deploymentOf(namespace, service), { spec }, 'strategic')
  return port
}

export async function podsOf({ admin }: Cluster, namespace: string): Promise<readonly Pod[]> {
  return (await admin.get<List<Pod>>(`/api/v1/namespaces/${namespace}/pods`)).items
}
