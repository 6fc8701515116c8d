import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildJob } from '../../../../../services/launcher/executor/kubernetes/job.ts'
import { attemptOf, settings } from '../given.ts'
import { startApiServer } from './api-server.ts'
import { openTestCluster } from './clusters.ts'

const managedFields = [{ manager: 'trainyard', operation: 'Update', fieldsV1: {} }]

test('of a Job is kept what is looked at, and not what it is to be made into', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  const { metadata, ...job } = buildJob(attemptOf({ placement: { queueName: 'training' } }), settings)
  server.put('jobs', { ...job, metadata: { ...metadata, uid: 'job-uid', managedFields } as never })
  const [seen] = await cluster.listJobs()
  assert.deepEqual(Object.keys(seen?.spec ?? {}), ['suspend'])
  assert.deepEqual(seen?.metadata?.labels, metadata?.labels)
  assert.deepEqual(seen?.metadata?.annotations, metadata?.annotations)
  assert.deepEqual(seen?.metadata?.finalizers, metadata?.finalizers)
  assert.equal(seen?.metadata?.managedFields, undefined)
})

test('of a pod is kept where it may run and what it needs, and how it stands', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  const { spec } = buildJob(attemptOf({ placement: { gpus: 1, memoryGiB: 2 } }), settings)
  const status = { phase: 'Running', conditions: [{ type: 'PodScheduled', status: 'True' }] }
  const metadata = { name: 'run-1-x', uid: 'pod-uid', managedFields }
  server.put('pods', { metadata: metadata as never, spec: { ...spec?.template.spec, nodeName: 'gpu-1' }, status })
  const [seen] = await cluster.listPods('run-1')
  assert.deepEqual(Object.keys(seen?.spec ?? {}).sort(), ['containers', 'initContainers', 'nodeName', 'tolerations'])
  assert.deepEqual(Object.keys(seen?.spec?.containers[0] ?? {}).sort(), ['name', 'resources'])
  assert.equal(seen?.spec?.containers[0]?.resources?.limits?.['memory'], '2Gi')
  assert.equal(seen?.status?.phase, 'Running')
  assert.equal(seen?.metadata?.managedFields, undefined)
})
