import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../harness/eventually.ts'
import { freePort } from '../harness/ports.ts'
import { prepareAuthority, renewAuthority, renewServer } from './authority.ts'
import { binaries } from './binaries.ts'
import { type Cluster, openCluster } from './cluster.ts'
import { type Component, makeComponent } from './component.ts'
import { compactEtcd, isHealthy } from './etcd.ts'
import { namesIn } from './files.ts'
import {
  apiServerFlags,
  type ControlPlaneOptions,
  controllerManagerFlags,
  etcdFlags,
  type Ports,
  schedulerFlags,
} from './flags.ts'
import { joinNode, type NodeObject, nodeStatus } from './nodes.ts'
import { isReady, shownCertificate } from './servers.ts'

export interface ControlPlane extends Cluster {
  readonly etcd: Component
  readonly apiServer: Component
  readonly controllerManager: Component
  readonly scheduler: Component
  /**
   * What was before is forgotten by etcd. The API server remembers some of it by itself, unless it is started anew or
   * has `--watch-cache=false`.
   */
  compact(): Promise<void>
  /** The API server shows another certificate of the same authority. Resolves once it does. */
  rotateServerCertificate(): Promise<void>
  /** Another authority signs from now on, and who reads the authority's file anew trusts both. Resolves once the API server shows it. */
  rotateAuthority(): Promise<void>
  /** Ends everything and removes its files. */
  shutDown(): Promise<void>
}

/** A real Kubernetes of the test's own without nodes, empty, on free ports. It has a default service account when this resolves. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  for (let triesLeft = 2; ; triesLeft--) {
    try {
      return await startOnce(options)
    } catch (error) {
      // Somebody else on this machine was quicker to take a port that had been free.
      const taken = error instanceof Error && error.message.includes('address already in use')
      if (!taken || triesLeft === 0) throw error
    }
  }
}

async function startOnce(options: ControlPlaneOptions): Promise<ControlPlane> {
  const programs = await binaries()
  const directory = await mkdtemp(join(tmpdir(), 'cluster-'))
  const names = namesIn(directory)
  const ports = await freePorts()
  const url = `https://127.0.0.1:${ports.apiServer}`
  await prepareAuthority(names, url)

  const component = (name: string, parameters: readonly string[], ready: () => Promise<boolean>) =>
    makeComponent({ name, path: join(programs, name), parameters, log: join(directory, `${name}.log`), ready })
  const ready = (port: number, path?: string) => () => isReady(port, names, path)
  const etcd = component('etcd', etcdFlags(directory, ports), () => isHealthy(ports.etcd))
  const apiServer = component(
    'kube-apiserver',
    apiServerFlags(names, ports, options),
    ready(ports.apiServer, '/readyz'),
  )
  const controllerManager = component(
    'kube-controller-manager',
    controllerManagerFlags(names, ports, options),
    ready(ports.controllerManager),
  )
  const scheduler = component('kube-scheduler', schedulerFlags(names, ports), ready(ports.scheduler))
  const components = [scheduler, controllerManager, apiServer, etcd]

  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  const leave = () => {
    for (const each of components) void each.stop()
    remove()
  }
  process.once('exit', leave)

  async function shutDown(): Promise<void> {
    process.off('exit', leave)
    await Promise.all(components.map((each) => each.stop()))
    remove()
  }

  async function showAnother(renew: () => Promise<void>): Promise<void> {
    const before = await shownCertificate(ports.apiServer)
    await renew()
    await eventually(async () => (await shownCertificate(ports.apiServer)) !== before, {
      // It looks at the files once a minute where the system does not tell it.
      timeoutMs: 90_000,
      what: 'another certificate of the API server',
    })
  }

  try {
    await etcd.start()
    await apiServer.start()
    await Promise.all([controllerManager.start(), scheduler.start()])
    const cluster = await openCluster(directory)
    await eventually(() => cluster.admin.get<object>('/api/v1/namespaces/default/serviceaccounts/default'), {
      what: 'the default service account',
    })
    const witness = await joinNode(cluster.admin, witnessNode)
    return {
      ...cluster,
      etcd,
      apiServer,
      controllerManager,
      scheduler,
      compact: () => compactEtcd(ports.etcd),
      rotateServerCertificate: () => showAnother(() => renewServer(names)),
      async rotateAuthority() {
        await showAnother(() => renewAuthority(names))
        await eventually(() => cluster.admin.get<object>('/version'), { what: 'trust in the new authority' })
        // These read whom they trust once, when they start.
        await Promise.all([controllerManager.stop(), scheduler.stop()])
        await Promise.all([controllerManager.start(), scheduler.start()])
      },
      async shutDown() {
        witness.stop()
        cluster.admin.close()
        await shutDown()
      },
    }
  } catch (error) {
    await shutDown()
    throw error
  }
}

/**
 * Where no node is left that is well, the controller manager takes itself for the one that is cut off, and leaves all pods
 * where they are. This one always is, and takes none.
 */
const witnessNode: NodeObject = {
  metadata: { name: 'witness', labels: {} },
  spec: { taints: [{ key: 'test/witness', effect: 'NoSchedule' }] },
  status: nodeStatus({ gpus: 0 }),
}

async function freePorts(): Promise<Ports> {
  return {
    etcd: await freePort(),
    etcdPeers: await freePort(),
    apiServer: await freePort(),
    controllerManager: await freePort(),
    scheduler: await freePort(),
  }
}
