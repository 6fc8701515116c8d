import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cleanup, type Ending } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Cluster } from '../cluster.ts'
import { follow } from '../follow.ts'
import { isNodeReady, makeNode, type NodeOptions } from '../nodes.ts'
import type { Pod } from '../pods.ts'
import type { Mount } from './container-process.ts'
import type { ContainerRun } from './container-run.ts'
import type { KubeletContext } from './context.ts'
import { type Image, type Images, makeImages } from './images.ts'
import { type FindLog, startLogServer } from './log-server.ts'
import { type PodLife, startPod } from './pod-life.ts'
import { secondsNow } from './status.ts'

export interface KubeletOptions extends Omit<NodeOptions, 'kubeletPort'> {
  /** What every image brings, beside this machine's own files: where it lies on the machine, by its path in a container. */
  readonly files?: Readonly<Record<string, string>>
  /** Those whose containers see files of their own instead of the machine's, by their names. */
  readonly built?: Readonly<Record<string, Image>>
}

/** Which pod is meant, in the kubelet's namespace. */
type Named = string

export interface Kubelet {
  readonly node: string
  readonly images: Images
  /** Every container waits this long before it starts. */
  slow(ms: number): void
  /** Runtime classes for which the node has nothing: their pods get no sandbox. */
  readonly missingRuntimes: Set<string>
  /**
   * Falls silent, and counts as lost when this resolves. Its processes go on, as behind a cut cable, or die, as without
   * power.
   */
  loseNode(processes?: 'go on' | 'die'): Promise<void>
  /** Is taken out of the cluster for good, and its processes with it. */
  removeNode(): Promise<void>
  /** Is back, and finds what became of its pods. Resolves once the cluster takes it for well. */
  recoverNode(): Promise<void>
  /** For want of memory or disk on the node. */
  evict(pod: Named, message?: string): void
  /** The kernel takes a container for the one that had too much memory: the pod's first if none is named. */
  exhaust(pod: Named, container?: string): void
}

const address = '127.0.0.1'
const needs =
  'The kubelet under test gives each container namespaces and mounts of its own, which takes Linux and root. Run make test-cluster as root.'

/**
 * A node that really runs what is bound to it: each container as a process of this machine in namespaces of its own, on
 * the machine's files or those of an image that was built. It takes pods when this resolves, and all of it ends with the test.
 */
export async function startKubelet(t: Ending, cluster: Cluster, options: KubeletOptions): Promise<Kubelet> {
  if (process.getuid?.() !== 0) throw new Error(needs)
  const { admin, url } = cluster
  const directory = await mkdtemp(join(cluster.directory, 'kubelet-'))
  cleanup(t, () => rm(directory, { recursive: true, force: true }))
  const lives = new Map<string, { readonly name: string; readonly namespace: string; readonly life: PodLife }>()
  const images = makeImages(options.built ?? {})
  const missingRuntimes = new Set<string>()
  let connected = true
  let startDelayMs = 0
  const closed = new AbortController()

  const server = await startLogServer(await cluster.issue({ user: 'kubelet' }), findLog)
  cleanup(t, () => server.close())
  const node = await makeNode(t, cluster, { ...options, kubeletPort: server.port })
  const context: KubeletContext = {
    client: admin,
    place: { nodeName: node.name, address },
    directory,
    images,
    mounts: mountsOf(options.files ?? {}),
    environment: {
      KUBERNETES_SERVICE_HOST: address,
      KUBERNETES_SERVICE_PORT: new URL(url).port,
    },
    startDelayMs: () => startDelayMs,
    missingRuntimes,
    connected: () => connected,
    closed: closed.signal,
  }

  function changed(pod: Pod): void {
    const { uid, name, namespace } = pod.metadata
    const known = lives.get(uid)
    if (known) known.life.update(pod)
    else if (pod.status.phase === 'Pending') lives.set(uid, { name, namespace, life: startPod(pod, context) })
  }

  function gone({ metadata }: Pod): void {
    lives.get(metadata.uid)?.life.terminate(0)
    lives.delete(metadata.uid)
  }

  const query = { fieldSelector: `spec.nodeName=${node.name}` }
  const following = follow<Pod>(admin, '/api/v1/pods', query, { changed, gone })
  cleanup(t, async () => {
    await following.stop()
    closed.abort()
    for (const { life } of lives.values()) life.terminate(0)
    await Promise.all([...lives.values()].map(({ life }) => life.over))
  })

  function lifeOf(pod: Named): PodLife {
    const found = [...lives.values()].find(({ name }) => name === pod)
    if (!found) throw new Error(`there is no pod ${pod} on node ${node.name}`)
    return found.life
  }

  function findLog({ namespace, pod, container, previous }: Parameters<FindLog>[0]): ReturnType<FindLog> {
    const found = [...lives.values()].find((life) => life.name === pod && life.namespace === namespace)
    const run: ContainerRun | undefined = found?.life.run(container)
    const waiting = run?.record.state.waiting?.reason ?? 'ContainerCreating'
    if (!connected) return `node ${node.name} is cut off`
    return run?.log(previous) ?? `container "${container}" in pod "${pod}" is waiting to start: ${waiting}`
  }

  async function loseNode(processes: 'go on' | 'die' = 'go on'): Promise<void> {
    fallSilent(processes)
    await node.lose()
  }

  function fallSilent(processes: 'go on' | 'die'): void {
    connected = false
    following.pause()
    if (processes === 'die') for (const { life } of lives.values()) life.terminate(0)
  }

  return {
    node: node.name,
    images,
    missingRuntimes,
    slow(ms) {
      startDelayMs = ms
    },
    loseNode,
    async removeNode() {
      fallSilent('die')
      await node.remove()
    },
    async recoverNode() {
      connected = true
      node.recover()
      following.resume()
      await eventually(() => isNodeReady(cluster, node.name), { what: `node ${node.name} being well again` })
    },
    evict(pod, message = 'The node was low on resource: memory.') {
      const condition = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message } as const
      lifeOf(pod).terminate(0, {
        reason: 'Evicted',
        message,
        condition: { ...condition, lastTransitionTime: secondsNow() },
      })
    },
    exhaust(pod, container) {
      lifeOf(pod).run(container)?.exhaust()
    },
  }
}

function mountsOf(files: Readonly<Record<string, string>>): readonly Mount[] {
  return Object.entries(files).map(([target, source]) => ({ source, target, readOnly: true }))
}
