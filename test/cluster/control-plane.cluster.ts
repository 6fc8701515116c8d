import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanup } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import { openClient, Refusal } from './client.ts'
import { startControlPlane } from './control-plane.ts'
import { createJob, podsOfJob } from './jobs.ts'
import { makeNamespace } from './namespaces.ts'
import { isNodeReady, makeNode } from './nodes.ts'
import { type ApiObject, conditionOf } from './objects.ts'
import { sharedCluster } from './shared.ts'

test('the control plane that all files share is of the version that go.mod names', async () => {
  const { kubectl } = await sharedCluster()
  assert.match(await kubectl('version'), /Server Version: v1\.36\.3/)
})

test('of Jobs for the same GPUs those that fit are placed, and the next is told what is missing', async (t) => {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster)
  const node = await makeNode(t, cluster, { namespace, gpus: 8 })
  for (const name of ['first', 'second', 'third']) await createJob(cluster, namespace, { name, gpus: 3 })
  const placed = await eventually(async () => {
    const pods = (
      await Promise.all(['first', 'second', 'third'].map((name) => podsOfJob(cluster, namespace, name)))
    ).flat()
    return pods.length === 3 && pods.every((pod) => conditionOf(pod, 'PodScheduled')) && pods
  })
  const nodes = placed.map(({ spec }) => spec.nodeName)
  assert.deepEqual(nodes.filter(Boolean), [node.name, node.name])
  const waiting = placed.find(({ spec }) => spec.nodeName === undefined)
  assert.match(waiting ? (conditionOf(waiting, 'PodScheduled')?.message ?? '') : '', /Insufficient nvidia\.com\/gpu/)
})

test('pods run on the nodes of their own namespace alone', async (t) => {
  const cluster = await sharedCluster()
  const [mine, other] = [await makeNamespace(t, cluster), await makeNamespace(t, cluster)]
  await makeNode(t, cluster, { namespace: other, gpus: 8 })
  await createJob(cluster, mine, { name: 'stranger', gpus: 1 })
  await eventually(async () => {
    const [pod] = await podsOfJob(cluster, mine, 'stranger')
    return pod && conditionOf(pod, 'PodScheduled')?.reason === 'Unschedulable'
  })
})

test('a node that falls silent is lost and its pods are taken from it, and one that comes back is well', async (t) => {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster)
  const node = await makeNode(t, cluster, { namespace, gpus: 1 })
  await createJob(cluster, namespace, { name: 'lost', gpus: 1 })
  const running = async () => (await podsOfJob(cluster, namespace, 'lost')).find(({ spec }) => spec.nodeName)
  await eventually(running)
  await node.lose()
  const taken = await eventually(async () => {
    const pod = await running()
    return pod?.metadata.deletionTimestamp !== undefined && pod
  })
  assert.equal(conditionOf(taken, 'DisruptionTarget')?.reason, 'DeletionByTaintManager')
  node.recover()
  await eventually(() => isNodeReady(cluster, node.name))
})

test('who has no rights is refused, and a service account is known by its token', async (t) => {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster)
  const pods = `/api/v1/namespaces/${namespace}/pods`
  const jane = await cluster.clientFor({ user: 'jane', groups: ['trainers'] })
  await assert.rejects(jane.get(pods), (error) => error instanceof Refusal && error.status === 403)
  await cluster.kubectl(
    'create',
    'rolebinding',
    'view',
    `--namespace=${namespace}`,
    '--clusterrole=view',
    `--serviceaccount=${namespace}:default`,
  )
  const account = await cluster.clientFor({ namespace, serviceAccount: 'default' })
  await eventually(() => account.get<object>(pods))
  for (const client of [jane, account]) client.close()
})

test('a namespace may hold its pods to what is safe', async (t) => {
  const cluster = await sharedCluster()
  const namespace = await makeNamespace(t, cluster, { 'pod-security.kubernetes.io/enforce': 'restricted' })
  const pod = { metadata: { name: 'any' }, spec: { containers: [{ name: 'main', image: 'test/any:1' }] } }
  await assert.rejects(cluster.admin.create(`/api/v1/namespaces/${namespace}/pods`, pod), /violates PodSecurity/)
})

test('an API server that was killed comes back on its port with what it had acknowledged', async (t) => {
  const controlPlane = await startControlPlane()
  cleanup(t, () => controlPlane.shutDown())
  const { admin, apiServer } = controlPlane
  await admin.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'kept' } })
  await apiServer.stop()
  await assert.rejects(admin.get('/version'))
  await apiServer.start()
  await admin.get('/api/v1/namespaces/default/configmaps/kept')
})

test('a watch from before a compaction is told that it is too old', async (t) => {
  const controlPlane = await startControlPlane({ apiServer: ['--watch-cache=false'] })
  cleanup(t, () => controlPlane.shutDown())
  const { admin } = controlPlane
  const path = '/api/v1/namespaces/default/configmaps'
  const first = await admin.create<ApiObject>(path, { metadata: { name: 'first' } })
  for (const name of ['second', 'third']) await admin.create(path, { metadata: { name } })
  await controlPlane.compact()
  const told = await admin.text(`${path}?watch=true&resourceVersion=${first.metadata.resourceVersion}`)
  assert.match(told, /"type":"ERROR".*"reason":"Expired".*"code":410/)
})

test('after another certificate and another authority the API server is found by whoever reads the files anew', async (t) => {
  const controlPlane = await startControlPlane()
  cleanup(t, () => controlPlane.shutDown())
  await controlPlane.rotateServerCertificate()
  await controlPlane.admin.get('/version')
  await controlPlane.rotateAuthority()
  const anew = await openClient(controlPlane.kubeconfig)
  await anew.get('/api/v1/namespaces')
  anew.close()
  assert.match(await controlPlane.kubectl('auth', 'whoami'), /system:masters/)
})
