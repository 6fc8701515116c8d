import { join } from 'node:path'
import type { Ending } from '../harness/cleanup.ts'
import { emptyDatabase } from '../harness/database.ts'
import { freePort } from '../harness/ports.ts'
import { startYard, type Yard } from '../harness/yard.ts'
import type { Cluster } from './cluster.ts'
import { replaceFile } from './files.ts'
import { packageImage, runnerImage } from './images.ts'
import { type Kubelet, type KubeletOptions, startKubelet } from './kubelet/kubelet.ts'
import { makeLauncherAccount, type Right } from './launcher-account.ts'
import { makeNamespace } from './namespaces.ts'
import { type ApiProxy, throughProxy } from './proxy.ts'
import { sharedCluster } from './shared.ts'

export interface ClusterYardOptions extends Pick<KubeletOptions, 'gpus'> {
  readonly configuration: string
  readonly variables?: Readonly<Record<string, string>>
  /** How many nodes there are. */
  readonly nodes?: number
  /** A right that the launcher is to lack. */
  readonly without?: Right
  /** A control plane of the test's own, which it may do anything to. */
  readonly cluster?: Cluster
  /** The launcher's way to the API server, where it isn't the straight one. */
  readonly proxy?: ApiProxy
}

export interface ClusterYard {
  readonly yard: Yard
  readonly cluster: Cluster
  readonly namespace: string
  readonly kubelets: readonly Kubelet[]
  /** Starts a launcher that shares the work. */
  startLauncher(variables?: Readonly<Record<string, string>>): Promise<Yard>
}

/** Services whose attempts are Jobs, in a namespace of their own with the rights that an installation has, and nodes that run them. */
export async function startClusterYard(t: Ending, options: ClusterYardOptions): Promise<ClusterYard> {
  const { nodes = 1, gpus = 2, without, proxy } = options
  const cluster = options.cluster ?? (await sharedCluster())
  const namespace = await makeNamespace(t, cluster, { 'pod-security.kubernetes.io/enforce': 'restricted' })
  const account = await makeLauncherAccount(t, cluster, namespace, without)
  const kubeconfig = await cluster.kubeconfigFor(account)
  const proxied = join(cluster.directory, `proxied-${namespace}`)
  if (proxy) await replaceFile(proxied, await throughProxy(kubeconfig, proxy))
  const port = await freePort()
  const variables = {
    TRAINYARD_EXECUTOR: 'kubernetes',
    KUBECONFIG: proxy ? proxied : kubeconfig,
    TRAINYARD_KUBERNETES_NAMESPACE: namespace,
    TRAINYARD_RUNNER_IMAGE: 'registry.example.com/trainyard-runner:1',
    TRAINYARD_RUN_API_URL: `http://127.0.0.1:${port}`,
    TRAINYARD_PORT: String(port),
    ...options.variables,
  }
  const files = { ...runnerImage, ...packageImage }
  const kubelets: Kubelet[] = []
  for (let node = 0; node < nodes; node += 1) kubelets.push(await startKubelet(t, cluster, { namespace, gpus, files }))
  const configuration = inContainers(options.configuration)
  const postgres = new URL(await emptyDatabase(t))
  const yard = await startYard(t, { configuration, postgres, variables })
  return {
    yard,
    cluster,
    namespace,
    kubelets,
    startLauncher: (more) =>
      startYard(t, {
        entry: 'services/launcher/main.ts',
        configuration,
        postgres,
        variables: { ...variables, TRAINYARD_PORT: '0', ...more },
      }),
  }
}

/** The programs of the package as they lie in the image, and an image for each. */
function inContainers(configuration: string): string {
  return configuration.replaceAll(
    /command: \[node, services\/trainer\/main\.ts, (\w+)\] }/g,
    'command: [node, /srv/services/trainer/main.ts, $1], image: registry.example.com/trainer:1 }',
  )
}
