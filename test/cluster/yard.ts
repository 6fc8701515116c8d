import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Ending } from '../harness/cleanup.ts'
import { servicesDatabase } from '../harness/database.ts'
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
    ...settingsOf({ kubeconfig: proxy ? proxied : kubeconfig, namespace, port }),
    ...options.variables,
  }
  const files = { ...runnerImage, ...packageImage }
  const kubelets: Kubelet[] = []
  for (let node = 0; node < nodes; node += 1) kubelets.push(await startKubelet(t, cluster, { namespace, gpus, files }))
  const configuration = inContainers(options.configuration)
  const postgres = new URL(await servicesDatabase(t))
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

/** What services need to know whose launcher, on this port, makes Jobs. */
export const settingsOf = ({
  kubeconfig,
  namespace,
  port,
}: Record<'kubeconfig' | 'namespace', string> & { port: number }) => ({
  TRAINYARD_EXECUTOR: 'kubernetes',
  KUBECONFIG: kubeconfig,
  TRAINYARD_KUBERNETES_NAMESPACE: namespace,
  TRAINYARD_RUNNER_IMAGE: 'registry.example.com/trainyard-runner:1',
  TRAINYARD_RUN_API_URL: `http://127.0.0.1:${port}`,
  TRAINYARD_PORT: String(port),
})

/** The programs of the package as they lie in the image, and an image for each. */
export function inContainers(configuration: string): string {
  const { jobTypes, ...others } = parse(configuration)
  for (const { program } of Object.values<{ program: { command: string[]; image?: string } }>(jobTypes)) {
    if (program.command[1] !== 'services/trainer/main.ts') continue
    program.command[1] = '/srv/services/trainer/main.ts'
    program.image = 'registry.example.com/trainer:1'
  }
  return stringify({ ...others, jobTypes })
}
