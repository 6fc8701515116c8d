/** What the launcher's client hears of a real API server, and goes on to hear whatever happens to its connection. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { cleanup } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import { job, kubeconfigBy, openClient, openShared } from './client-under-test.ts'
import { startControlPlane } from './control-plane.ts'
import { jobsOf } from './jobs.ts'
import { layWire } from './wire.ts'

test('changes of Jobs and of their pods are said', async (t) => {
  const { cluster } = await openShared(t)
  const said: string[] = []
  const jobs = cluster.watchJobs((name) => said.push(`Job ${name}`))
  const pods = cluster.watchPods((attempt) => said.push(`pod of ${attempt}`))
  await Promise.all([jobs.synced, pods.synced])
  await cluster.createJob(job('run-1'))
  await eventually(() => jobs.get('run-1') && pods.all().length === 1)
  assert.ok(said.includes('Job run-1') && said.includes('pod of run-1'))
  assert.ok(jobs.get('run-1')?.metadata?.creationTimestamp instanceof Date)
  await cluster.deleteJob('run-1', jobs.get('run-1')?.metadata?.uid ?? '')
  await eventually(() => jobs.all().length + pods.all().length === 0)
})

test('a watch whose connection is dead without a word goes on, and nothing is missed', async (t) => {
  const { real, namespace, cluster: other } = await openShared(t)
  const wire = await layWire(t, real.url)
  const kubeconfig = await kubeconfigBy(t, real, wire.url)
  const { cluster } = openClient(t, { kubeconfig, namespace, timings: { silenceMs: 2_000 } })
  const watching = cluster.watchJobs(() => {})
  await other.createJob(job('run-1'))
  await eventually(() => watching.get('run-1') && watching.isCurrent())
  wire.swallow()
  await other.createJob(job('run-2'))
  await other.deleteJob('run-1', watching.get('run-1')?.metadata?.uid ?? '')
  await eventually(() => watching.get('run-2') && !watching.get('run-1'))
})

test('a watch of which there is nothing to tell is not taken for dead', async (t) => {
  const { real, namespace } = await openShared(t)
  const { cluster, logged } = openClient(t, { kubeconfig: real.kubeconfig, namespace })
  const watching = cluster.watchJobs(() => {})
  await eventually(() => watching.isCurrent())
  // The API server ends another one after more than the minute in which it tells ours at least how far it has come.
  const another = await real.admin.stream(`${jobsOf(namespace)}?watch=true&timeoutSeconds=70`, t.signal)
  await once(another.resume(), 'end')
  assert.ok(watching.isCurrent())
  assert.equal(logged('the watch was cut'), false)
})

test('what etcd has forgotten is listed anew, and what was deleted meanwhile is said', async (t) => {
  const real = await startControlPlane({ apiServer: ['--watch-cache=false'] })
  cleanup(t, () => real.shutDown())
  const wire = await layWire(t, real.url)
  const kubeconfig = await kubeconfigBy(t, real, wire.url)
  const { cluster, logged } = openClient(t, { kubeconfig, namespace: 'default' })
  const other = openClient(t, { kubeconfig: real.kubeconfig, namespace: 'default' }).cluster
  const said: string[] = []
  const watching = cluster.watchJobs((name) => said.push(name))
  await other.createJob(job('run-1'))
  await eventually(() => watching.get('run-1'))
  wire.cut()
  await eventually(() => !watching.isCurrent())
  await other.deleteJob('run-1', watching.get('run-1')?.metadata?.uid ?? '')
  await other.createJob(job('run-2'))
  said.length = 0
  await eventually(async () => (await other.readJob('run-1')) === undefined)
  await real.compact()
  wire.mend()
  await eventually(() => watching.get('run-2') && !watching.get('run-1') && watching.isCurrent())
  assert.ok(logged('the cluster has forgotten where the watch was'))
  assert.ok(said.includes('run-1') && said.includes('run-2'))
})
