import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { V1Job, V1Node, V1Pod } from '@kubernetes/client-node'
import type { AttemptToStart } from '../../../../services/launcher/executor/executor.ts'
import { whyNoNodeFits } from '../../../../services/launcher/executor/kubernetes/fit.ts'
import { buildJob, isSameWork } from '../../../../services/launcher/executor/kubernetes/job.ts'
import { ours } from '../../../../services/launcher/executor/kubernetes/names.ts'
import type { Cluster } from '../../../cluster/cluster.ts'
import { makeNamespace, ownerLabel } from '../../../cluster/namespaces.ts'
import { makeNode } from '../../../cluster/nodes.ts'
import { sharedCluster } from '../../../cluster/shared.ts'
import { cleanup, type Ending } from '../../../harness/cleanup.ts'
import { eventually } from '../../../harness/eventually.ts'
import { cases } from './cases.ts'
import { attemptOf, podOf, settings } from './given.ts'

const restrictedNamespace = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/enforce-version': 'latest',
}
const jobsIn = (namespace: string): string => `/apis/batch/v1/namespaces/${namespace}/jobs`
const selector = Object.entries(ours)
  .map((label) => label.join('='))
  .join()
const podsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`

/** Makes the Job as strictly as the API server can be, and takes it away with the test. */
async function create(t: Ending, { admin }: Cluster, job: V1Job): Promise<V1Job> {
  const path = jobsIn(job.metadata?.namespace ?? '')
  const made = await admin.create<V1Job>(`${path}?fieldValidation=Strict`, job)
  cleanup(t, async () => {
    await admin.patch(`${path}/${made.metadata?.name}`, { metadata: { finalizers: null } })
    await admin.remove(`${path}/${made.metadata?.name}`, { propagationPolicy: 'Background' })
  })
  return made
}

async function podsOf({ admin }: Cluster, namespace: string): Promise<V1Pod[]> {
  const query = `labelSelector=${encodeURIComponent(selector)}`
  return (await admin.get<{ items: V1Pod[] }>(`${podsIn(namespace)}?${query}`)).items
}

/** What the everything-set case names and every cluster has to bring itself. */
async function makeWhatIsNamed(t: Ending, { admin }: Cluster, namespace: string): Promise<void> {
  const priorities = '/apis/scheduling.k8s.io/v1/priorityclasses'
  const runtimes = '/apis/node.k8s.io/v1/runtimeclasses'
  await admin.create(priorities, { metadata: { name: 'training' }, value: 1000 })
  cleanup(t, () => admin.remove(`${priorities}/training`))
  await admin.create(runtimes, { metadata: { name: 'nvidia' }, handler: 'nvidia' })
  cleanup(t, () => admin.remove(`${runtimes}/nvidia`))
  await admin.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'trainyard-attempt' } })
}

describe('a real API server takes the Job of an attempt as it is, and its pod under the restricted policy:', () => {
  for (const [name, [attempt, more]] of Object.entries(cases)) {
    test(name, async (t) => {
      const cluster = await sharedCluster()
      const namespace = await makeNamespace(t, cluster, restrictedNamespace)
      if (name === 'everything-set') await makeWhatIsNamed(t, cluster, namespace)
      const job = buildJob(attempt, { ...settings, ...more, namespace })
      const made = await create(t, cluster, job)
      assertHolds(made, JSON.parse(JSON.stringify(job)))
      assert.equal(isSameWork(made, attempt), true)
      // As Kueue does, once it is the Job's turn.
      if (job.spec?.suspend === true) {
        assert.deepEqual(await podsOf(cluster, namespace), [])
        const place = { nodeSelector: { pool: 'training' }, tolerations: [{ key: 'spot', operator: 'Exists' }] }
        const admission = { spec: { suspend: false, template: { spec: place } } }
        const admitted = await cluster.admin.patch<V1Job>(`${jobsIn(namespace)}/${attempt.name}`, admission)
        assert.equal(isSameWork(admitted, attempt), true)
      }
      const [pod] = await eventually(async () => {
        const pods = await podsOf(cluster, namespace)
        return pods.length > 0 && pods
      })
      assert.equal(pod?.metadata?.labels?.['trainyard.dev/attempt'], attempt.name)
    })
  }
})

test('what a placement says of affinity is checked by the API server, to the last word', async (t) => {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster)
  for (const nodeAffinity of [{ required: [] }, { requiredDuringSchedulingIgnoredDuringExecution: [] }]) {
    const job = buildJob(attemptOf({ placement: { affinity: { nodeAffinity } } }), { ...settings, namespace })
    await assert.rejects(create(t, cluster, job), { name: 'Error', status: 400 })
  }
})

/** Everything that was sent is there; the API server may add to it, and write an amount otherwise. */
function assertHolds(there: unknown, sent: unknown, path = 'job'): void {
  if (typeof sent !== 'object' || sent === null) {
    const isAmount = /\.(requests|limits)\./.test(path)
    if (!isAmount) assert.equal(there, sent, path)
    return
  }
  assert.ok(typeof there === 'object' && there !== null, `${path} is not there`)
  const values = new Map(Object.entries(there))
  for (const [key, value] of Object.entries(sent)) assertHolds(values.get(key), value, `${path}.${key}`)
}

test('what is said of nodes and placements is what the real scheduler does', async (t) => {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster)
  await makeNode(t, cluster, { namespace, gpus: 4, product: 'H100', labels: { zone: 'a', size: '7' } })
  const dedicated = { key: 'dedicated', value: 'web', effect: 'NoSchedule' as const }
  await makeNode(t, cluster, { namespace, labels: { zone: 'b' }, taints: [dedicated] })
  const required = (...nodeSelectorTerms: object[]) => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  })
  const gpu = { gpus: 1 }
  const bearing = { tolerations: [{ key: 'dedicated', value: 'web' }] }
  const expressions = (...matchExpressions: object[]) => required({ matchExpressions })
  const placements: object[] = [
    {},
    bearing,
    { tolerations: [{ key: 'dedicated', value: 'other' }] },
    { tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoExecute' }] },
    { tolerations: [{ operator: 'Exists' }] },
    gpu,
    { gpus: 4 },
    { gpus: 5 },
    { ...gpu, ...bearing, nodeSelector: { zone: 'b' } },
    { ...gpu, nodeSelector: { 'nvidia.com/gpu.product': 'H100' } },
    { ...gpu, nodeSelector: { 'nvidia.com/gpu.product': 'A100' } },
    { ...bearing, cpus: 64 },
    { ...bearing, cpus: 64.001 },
    { ...bearing, memoryGiB: 512 },
    { ...bearing, memoryGiB: 512.001 },
    { ...bearing, ephemeralStorageGiB: 1024 },
    { ...bearing, ephemeralStorageGiB: 1025 },
    { ...gpu, affinity: expressions({ key: 'size', operator: 'Gt', values: ['6'] }) },
    { ...gpu, affinity: expressions({ key: 'size', operator: 'Lt', values: ['7'] }) },
    { ...gpu, affinity: expressions({ key: 'zone', operator: 'NotIn', values: ['a'] }) },
    { ...bearing, affinity: expressions({ key: 'size', operator: 'DoesNotExist' }) },
    { ...gpu, affinity: expressions({ key: 'size', operator: 'DoesNotExist' }) },
    { ...gpu, affinity: required({}, { matchExpressions: [{ key: 'zone', operator: 'Exists' }] }) },
    { ...gpu, affinity: required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['none'] }] }) },
  ]
  const nodes = await nodesOf(cluster, namespace)
  const said = placements.map((placement) => whyNoNodeFits(nodes, podOf(placement)))
  for (const [index, placement] of placements.entries())
    await schedules(cluster, namespace, attemptOf({ placement }), said[index])
  // Neither side says the same to everything.
  assert.ok(said.includes(undefined) && said.some((words) => words !== undefined))
})

async function nodesOf({ admin }: Cluster, namespace: string): Promise<V1Node[]> {
  return (await admin.get<{ items: V1Node[] }>(`/api/v1/nodes?labelSelector=${ownerLabel}=${namespace}`)).items
}

/** Resolves once the scheduler has given it a node, or refused it where we say why there is none. All is gone again then. */
async function schedules(
  cluster: Cluster,
  namespace: string,
  attempt: AttemptToStart,
  said: string | undefined,
): Promise<void> {
  const { admin } = cluster
  const undo: (() => unknown)[] = []
  await create({ after: (each) => void undo.push(each) }, cluster, buildJob(attempt, { ...settings, namespace }))
  await eventually(
    async () => {
      const [pod] = await podsOf(cluster, namespace)
      const { status } = pod?.status?.conditions?.find(({ type }) => type === 'PodScheduled') ?? {}
      // What it refuses at first may fit once it knows that the one before is gone.
      return status === (said === undefined ? 'True' : 'False')
    },
    { what: `${JSON.stringify(attempt.spec.placement)}: ${said ?? 'a node'}` },
  )
  for (const each of undo) await each()
  await eventually(async () => {
    const [left] = await podsOf(cluster, namespace)
    // No kubelet is there to say that it has ended.
    if (left)
      await admin.remove(`${podsIn(namespace)}/${left.metadata?.name}`, { gracePeriodSeconds: 0 }).catch(() => {})
    return left === undefined
  })
}
