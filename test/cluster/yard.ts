import { fileURLToPath } from 'node:url'
import type { Ending } from '../harness/cleanup.ts'
import { freePort } from '../harness/ports.ts'
import { startYard, type Yard } from '../harness/yard.ts'
import type { Cluster } from './cluster.ts'
import { type Kubelet, type KubeletOptions, startKubelet } from './kubelet/kubelet.ts'
import { makeLauncherAccount, type Right } from './launcher-account.ts'
import { makeNamespace } from './namespaces.ts'
import { sharedCluster } from './shared.ts'

const inPackage = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** What the images hold: the runner's that of the runner, and every other the package, in /srv. */
const files: Readonly<Record<string, string>> = {
  '/trainyard-runner/node': process.execPath,
  '/trainyard-runner/package.json': inPackage('package.json'),
  '/trainyard-runner/services/runner': inPackage('services/runner'),
  '/srv/package.json': inPackage('package.json'),
  '/srv/node_modules': inPackage('node_modules'),
  '/srv/schemas': inPackage('schemas'),
  '/srv/services': inPackage('services'),
}

export interface ClusterYardOptions extends Pick<KubeletOptions, 'gpus'> {
  readonly configuration: string
  readonly variables?: Readonly<Record<string, string>>
  /** How many nodes there are. */
  readonly nodes?: number
  /** A right that the launcher is to lack. */
  readonly without?: Right
}

export interface ClusterYard {
  readonly yard: Yard
  readonly cluster: Cluster
  readonly namespace: string
  readonly kubelets: readonly Kubelet[]
  /** The environment of a launcher that is to share the work. */
  readonly variables: Readonly<Record<string, string>>
}

/** Services whose attempts are Jobs, in a namespace of their own with the rights that an installation has, and nodes that run them. */
export async function startClusterYard(t: Ending, options: ClusterYardOptions): Promise<ClusterYard> {
  const { nodes = 1, gpus = 2, without } = options
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster, { 'pod-security.kubernetes.io/enforce': 'restricted' })
  const account = await makeLauncherAccount(t, cluster, namespace, without)
  const port = await freePort()
  const variables = {
    TRAINYARD_EXECUTOR: 'kubernetes',
    KUBECONFIG: await cluster.kubeconfigFor(account),
    TRAINYARD_KUBERNETES_NAMESPACE: namespace,
    TRAINYARD_RUNNER_IMAGE: 'registry.example.com/trainyard-runner:1',
    TRAINYARD_RUN_API_URL: `http://127.0.0.1:${port}`,
    TRAINYARD_PORT: String(port),
    ...options.variables,
  }
  const kubelets: Kubelet[] = []
  for (let node = 0; node < nodes; node += 1) kubelets.push(await startKubelet(t, cluster, { namespace, gpus, files }))
  const { configuration } = options
  const yard = await startYard(t, { configuration: inContainers(configuration), postgres: 'shared', variables })
  return { yard, cluster, namespace, kubelets, variables }
}

/** The programs of the package as they lie in the image, and an image for each. */
function inContainers(configuration: string): string {
  return configuration.replaceAll(
    /command: \[node, services\/trainer\/main\.ts, (\w+)\] }/g,
    'command: [node, /srv/services/trainer/main.ts, $1], image: registry.example.com/trainer:1 }',
  )
}
