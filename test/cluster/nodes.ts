import { setTimeout as delay } from 'node:timers/promises'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import type { Client } from './client.ts'
import type { Cluster } from './cluster.ts'
import { ownerLabel } from './namespaces.ts'
import { conditionOf, type Node, type Taint } from './objects.ts'

export interface NodeOptions {
  /** Whose pods it takes: the namespace that the test made. */
  readonly namespace: string
  readonly name?: string
  readonly gpus?: number
  /** What the GPUs are, as the labels of NVIDIA's feature discovery say it. */
  readonly product?: string
  readonly memoryMegabytes?: number
  readonly labels?: Readonly<Record<string, string>>
  /** Beside the one that keeps pods without GPUs away from GPUs. */
  readonly taints?: readonly Taint[]
  /** Where its kubelet answers, where it has one. */
  readonly kubeletPort?: number
}

export interface TestNode {
  readonly name: string
  /** It falls silent, as a machine does that lost its power or its network, and counts as lost when this resolves. */
  lose(): Promise<void>
  /** It says again that it is well. */
  recover(): void
  /** Says nothing more, whatever the cluster makes of that. */
  stop(): void
  /** Falls silent and is taken out of the cluster. */
  remove(): Promise<void>
}

const nodes = '/api/v1/nodes'
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
const gpuTaint: Taint = { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }
let made = 0

export interface NodeObject {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: { readonly taints: readonly Taint[] }
  readonly status: object
}

/** A node as the scheduler knows it, with or without a kubelet behind it; removed when the test ends. It takes pods when this resolves. */
export async function makeNode(t: Ending, { admin }: Cluster, options: NodeOptions): Promise<TestNode> {
  const { namespace, gpus = 0 } = options
  made += 1
  const name = options.name ?? `${namespace}-${made}`
  const labels = { [ownerLabel]: namespace, ...gpuLabels(options), ...options.labels }
  const taints = [...(gpus > 0 ? [gpuTaint] : []), ...(options.taints ?? [])]
  const node = await joinNode(admin, { metadata: { name, labels }, spec: { taints }, status: nodeStatus(options) })
  cleanup(t, node.remove)
  await eventually(
    async () => {
      const { spec } = await admin.get<Node>(`${nodes}/${name}`)
      return (spec.taints ?? []).every(({ key }) => !key.startsWith('node.kubernetes.io/'))
    },
    { what: `node ${name} taking pods` },
  )
  return node
}

const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
/** What the controller manager writes of a node once it has been silent for long enough. */
const silent = {
  type: 'Ready',
  status: 'Unknown',
  reason: 'NodeStatusUnknown',
  message: 'Kubelet stopped posting node status.',
}

export function nodeStatus({ gpus = 0, kubeletPort = 0 }: Pick<NodeOptions, 'gpus' | 'kubeletPort'>): object {
  const capacity = { cpu: '64', memory: '512Gi', pods: '110', 'ephemeral-storage': '1Ti', ...gpuCapacity(gpus) }
  return {
    capacity,
    allocatable: capacity,
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    conditions: [ready],
  }
}

/** Makes the node and keeps saying that it is well. */
export async function joinNode(admin: Client, node: NodeObject): Promise<TestNode> {
  const { name, labels } = node.metadata
  const own = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' }
  await admin.create(nodes, { ...node, metadata: { name, labels: { ...own, ...labels } } })
  const lease = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime() }
  await admin.create(leases, { metadata: { name }, spec: lease })

  let well = true
  const stopped = new AbortController()
  let saying: Promise<unknown> = Promise.resolve()

  /** One after the other: what was said last is what holds. */
  async function say(condition: object): Promise<void> {
    const before = saying
    saying = before
      .catch(() => {})
      .then(() => admin.patch(`${nodes}/${name}/status`, { status: { conditions: [condition] } }, 'strategic'))
    await saying
  }

  async function beat(): Promise<void> {
    await admin.patch(`${leases}/${name}`, { spec: { renewTime: microTime() } })
    // Whoever took it for lost says so in its status, and only it can say otherwise.
    if (well) await say(ready)
  }

  async function keepAlive(): Promise<void> {
    while (!stopped.signal.aborted) {
      // An API server that is away for a while is no reason to fall silent for good.
      if (well) await beat().catch(() => {})
      await delay(1_000, undefined, { signal: stopped.signal, ref: false }).catch(() => {})
    }
  }

  const beating = keepAlive()
  return {
    name,
    async lose() {
      well = false
      await say(silent)
    },
    recover() {
      well = true
    },
    stop: () => stopped.abort(),
    async remove() {
      if (stopped.signal.aborted) return
      stopped.abort()
      await beating
      await admin.remove(`${nodes}/${name}`)
      await admin.remove(`${leases}/${name}`)
    },
  }
}

/** Whether the cluster takes the node for well. */
export async function isNodeReady({ admin }: Cluster, name: string): Promise<boolean> {
  return conditionOf(await admin.get<Node>(`${nodes}/${name}`), 'Ready')?.status === 'True'
}

const gpuCapacity = (gpus: number): Record<string, string> => (gpus > 0 ? { 'nvidia.com/gpu': String(gpus) } : {})

function gpuLabels(options: NodeOptions): Record<string, string> {
  const { gpus = 0, product = 'NVIDIA-H100-80GB-HBM3', memoryMegabytes = 81_559 } = options
  if (gpus === 0) return {}
  return {
    'nvidia.com/gpu.present': 'true',
    'nvidia.com/gpu.count': String(gpus),
    'nvidia.com/gpu.product': product,
    'nvidia.com/gpu.memory': String(memoryMegabytes),
  }
}

/** As leases have it: to the microsecond. */
const microTime = () => new Date().toISOString().replace('Z', '000Z')
