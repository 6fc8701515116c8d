/** The launcher's client against a real API server, well and through everything that can happen to one. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { V1Job } from '../../services/launcher/executor/kubernetes/client/cluster.ts'
import { KubernetesError, toTrainyardError } from '../../services/launcher/executor/kubernetes/client/failures.ts'
import { collectFinalizer } from '../../services/launcher/executor/kubernetes/names.ts'
import { cleanup } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import { temporaryFolder } from '../runner/program.ts'
import { failsWith, job, kubeconfigBy, openClient, openShared, refusalOf } from './client-under-test.ts'
import { startControlPlane } from './control-plane.ts'
import type { ApiObject } from './objects.ts'
import { layWire } from './wire.ts'

test('I1: a Job is created once, and its name is taken until it is released, deleted or not', async (t) => {
  const { cluster } = await openShared(t)
  assert.notEqual(await cluster.createJob(job('run-1', [collectFinalizer, 'example.com/theirs'])), 'exists')
  assert.equal(await cluster.createJob(job('run-1')), 'exists')
  const uid = (await cluster.readJob('run-1'))?.metadata?.uid ?? ''
  await cluster.deleteJob('run-1', uid)
  await cluster.deleteJob('run-1', uid)
  const deleted = await cluster.readJob('run-1')
  assert.ok(deleted?.metadata?.deletionTimestamp instanceof Date)
  assert.equal(await cluster.createJob(job('run-1')), 'exists')
  assert.equal((await cluster.listJobs()).length, 1)
  await cluster.releaseJob('run-1', uid)
  await cluster.releaseJob('run-1', uid)
  assert.deepEqual((await cluster.readJob('run-1'))?.metadata?.finalizers, ['example.com/theirs'])
})

test('a Job that is deleted and released is gone, and to delete or release it again is no error', async (t) => {
  const { cluster } = await openShared(t)
  await cluster.createJob(job('run-1', [collectFinalizer]))
  const uid = (await cluster.readJob('run-1'))?.metadata?.uid ?? ''
  await cluster.deleteJob('run-1', uid)
  await cluster.releaseJob('run-1', uid)
  await eventually(async () => (await cluster.readJob('run-1')) === undefined)
  await cluster.deleteJob('run-1', uid)
  await cluster.releaseJob('run-1', uid)
})

test('only the object that was meant is deleted or released, never another of its name', async (t) => {
  const { cluster } = await openShared(t)
  await cluster.createJob(job('run-1', [collectFinalizer]))
  const another = '00000000-0000-0000-0000-000000000000'
  await cluster.deleteJob('run-1', another)
  await cluster.releaseJob('run-1', another)
  const there = (await cluster.readJob('run-1'))?.metadata
  assert.equal(there?.deletionTimestamp, undefined)
  assert.deepEqual(there?.finalizers, [collectFinalizer])
  const pod = await eventually(async () => (await cluster.listPods('run-1'))[0])
  const { name = '', uid = '' } = pod.metadata ?? {}
  await cluster.deletePod(name, another, 5)
  assert.equal((await cluster.listPods('run-1'))[0]?.metadata?.deletionTimestamp, undefined)
  await cluster.deletePod(name, uid, 5)
  // It is bound to no node, so there is nobody to wait for.
  await eventually(async () => (await cluster.listPods('run-1')).every(({ metadata }) => metadata?.uid !== uid))
  await cluster.deletePod(name, uid, 5)
})

test('what the cluster does not understand is refused by name, and is not tried again', async (t) => {
  const { cluster } = await openShared(t)
  const misspelt = { ...job('run-1'), spec: { ...job('run-1').spec, backofLimit: 0 } } as unknown as V1Job
  await assert.rejects(cluster.createJob(misspelt), (error) => {
    assert.ok(failsWith('invalid')(error))
    const told = toTrainyardError(error)
    assert.match(told.message, /unknown field "spec\.backofLimit"/)
    assert.equal(told.retryable, false)
    return true
  })
  const wrong = job('run-1')
  if (wrong.spec?.template.spec) wrong.spec.template.spec.restartPolicy = 'Always'
  await assert.rejects(cluster.createJob(wrong), failsWith('invalid'))
  assert.deepEqual(await cluster.listJobs(), [])
})

test('a right that is missing is named, and waited for', async (t) => {
  const { real, namespace } = await openShared(t)
  const kubeconfig = await real.kubeconfigFor({ user: `nobody-${namespace}`, groups: [] })
  const { cluster } = openClient(t, { kubeconfig, namespace })
  const missing = async (call: Promise<unknown>) => {
    const error = await refusalOf(call)
    assert.ok(error instanceof KubernetesError)
    assert.equal(toTrainyardError(error).retryable, true)
    return error.failure.kind === 'forbidden' && error.failure.right
  }
  assert.equal(await missing(cluster.createJob(job('run-1'))), `create jobs.batch in namespace ${namespace}`)
  assert.equal(await missing(cluster.readJob('run-1')), `get jobs.batch in namespace ${namespace}`)
  assert.equal(await missing(cluster.listPods('run-1')), `list pods in namespace ${namespace}`)
  assert.equal(await missing(cluster.listNodes()), 'list nodes in the whole cluster')
  const watching = cluster.watchJobs(() => {})
  await real.kubectl(
    'create',
    'rolebinding',
    'edit',
    `--namespace=${namespace}`,
    '--clusterrole=edit',
    `--user=nobody-${namespace}`,
  )
  await eventually(() => cluster.createJob(job('run-1')))
  await eventually(() => watching.get('run-1'), { what: 'a watch that goes on once it may' })
})

test('whoever is not known there is told so', async (t) => {
  const { real, namespace } = await openShared(t)
  const kubeconfig = join(await temporaryFolder(t), 'kubeconfig')
  const known = JSON.parse(await readFile(real.kubeconfig, 'utf8'))
  await writeFile(
    kubeconfig,
    JSON.stringify({ ...known, users: [{ name: known.users[0].name, user: { token: 'made up' } }] }),
  )
  await assert.rejects(openClient(t, { kubeconfig, namespace }).cluster.listJobs(), failsWith('unauthorized'))
})

test('a quota that is full is waited for, not failed on', async (t) => {
  const { real, namespace, cluster } = await openShared(t)
  await real.kubectl('create', 'quota', 'few', `--namespace=${namespace}`, '--hard=count/jobs.batch=1')
  // It is not in force from one moment to the next.
  let made = 0
  const refused = await eventually(async () => {
    made += 1
    const error = await refusalOf(cluster.createJob(job(`run-${made}`)))
    return error !== undefined && failsWith('quota')(error) && error
  })
  assert.equal(toTrainyardError(refused).retryable, true)
  for (const { metadata } of await cluster.listJobs())
    await cluster.deleteJob(metadata?.name ?? '', metadata?.uid ?? '')
  assert.notEqual(await eventually(() => cluster.createJob(job('run-last'))), 'exists')
})

test('a webhook that does not answer is told in the words of the API server, and holds up nothing else', async (t) => {
  const { real, namespace, cluster } = await openShared(t)
  const hooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
  await real.admin.create(hooks, {
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'away.example.com',
        clientConfig: { url: 'https://127.0.0.1:1/' },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['jobs'] }],
      },
    ],
  })
  cleanup(t, () => real.admin.remove(`${hooks}/${namespace}`))
  let made = 0
  const refusal = async () => {
    made += 1
    return await refusalOf(cluster.createJob(job(`run-${made}`)))
  }
  await eventually(async () => (await refusal()) !== undefined, { what: 'the webhook being in force' })
  for (let call = 0; call < 10; call++)
    assert.match(String(await refusal()), /failed calling webhook "away\.example\.com"/)
  await cluster.deleteJob('run-1', 'uid')
})

test('a namespace that is not there is said, and waited for', async (t) => {
  const { real } = await openShared(t)
  const { cluster } = openClient(t, { kubeconfig: real.kubeconfig, namespace: 'nowhere' })
  await assert.rejects(cluster.createJob(job('run-1')), (error) => {
    assert.ok(failsWith('absent')(error))
    assert.match(toTrainyardError(error).message, /namespaces "nowhere" not found/)
    return true
  })
})

test('events are found by what they are about, with their times', async (t) => {
  const { cluster } = await openShared(t)
  await cluster.createJob(job('run-1'))
  const uid = (await cluster.readJob('run-1'))?.metadata?.uid ?? ''
  const [pod] = await eventually(async () => {
    const pods = await cluster.listPods('run-1')
    return pods.length > 0 && pods
  })
  const events = await eventually(async () => {
    const told = await cluster.listEvents([uid, pod?.metadata?.uid ?? ''])
    const reasons = told.map(({ reason }) => reason)
    return reasons.includes('SuccessfulCreate') && reasons.includes('FailedScheduling') && told
  })
  const created = events.find(({ reason }) => reason === 'SuccessfulCreate')
  assert.ok(created?.lastTimestamp instanceof Date)
  // The scheduler tells with microseconds.
  assert.ok(events.find(({ reason }) => reason === 'FailedScheduling')?.eventTime instanceof Date)
})

test('many Jobs are listed whole, over few connections', async (t) => {
  const { real, namespace } = await openShared(t)
  const wire = await layWire(t, real.url)
  const { cluster } = openClient(t, { kubeconfig: await kubeconfigBy(t, real, wire.url), namespace })
  const names = Array.from({ length: 600 }, (_, index) => `run-${index}`)
  // Suspended, so that nobody makes pods of them.
  const suspended = (name: string): V1Job => {
    const made = job(name)
    if (made.spec) made.spec.suspend = true
    return made
  }
  // No more at a time than are made within a call's limit on a slow machine.
  while (names.length > 0) await Promise.all(names.splice(0, 50).map((name) => cluster.createJob(suspended(name))))
  assert.equal(new Set((await cluster.listJobs()).map(({ metadata }) => metadata?.name)).size, 600)
  assert.ok(wire.made() <= 24, `${wire.made()} connections`)
})

test('I1: a Job whose answer was swallowed is found by its name over another connection', async (t) => {
  const { real, namespace } = await openShared(t)
  const wire = await layWire(t, real.url)
  const kubeconfig = await kubeconfigBy(t, real, wire.url)
  const { cluster } = openClient(t, { kubeconfig, namespace, timings: { limitMs: 2_000 } })
  let attempts = 0
  await eventually(async () => {
    // Once it may have a new connection, which is well.
    wire.swallow()
    attempts += 1
    return (await cluster.createJob(job(`run-${attempts}`))) === 'exists'
  })
  assert.ok(await eventually(() => cluster.readJob(`run-${attempts}`)))
})

test('an API server that is killed is waited for: watches and calls go on when it is back', async (t) => {
  const real = await startControlPlane()
  cleanup(t, () => real.shutDown())
  const { cluster, logged } = openClient(t, {
    kubeconfig: real.kubeconfig,
    namespace: 'default',
    timings: { restMs: 500 },
  })
  const watching = cluster.watchJobs(() => {})
  await cluster.createJob(job('run-1'))
  await eventually(() => watching.get('run-1'))
  await real.apiServer.stop()
  await eventually(() => !watching.isCurrent())
  for (let call = 0; call < 10; call++) await assert.rejects(cluster.readJob('run-1'), failsWith('unreachable'))
  assert.ok(logged('the cluster does not answer'))
  assert.equal(watching.all().length, 1)
  await real.apiServer.start()
  const after = await eventually(() => cluster.readJob('run-1'))
  assert.notEqual(await eventually(() => cluster.createJob(job('run-2'))), 'exists')
  await cluster.deleteJob('run-1', after.metadata?.uid ?? '')
  await eventually(() => watching.get('run-2') && !watching.get('run-1') && watching.isCurrent())
})

test('I1: an API server that stands still holds no call longer than its limit, and no Job is there twice afterwards', async (t) => {
  const real = await startControlPlane()
  cleanup(t, () => real.shutDown())
  const timings = { limitMs: 1_000, restMs: 500, silenceMs: 2_000 }
  const { cluster } = openClient(t, { kubeconfig: real.kubeconfig, namespace: 'default', timings })
  const watching = cluster.watchJobs(() => {})
  await watching.synced
  real.apiServer.pause()
  await assert.rejects(cluster.createJob(job('run-1')), failsWith('unknownOutcome'))
  await assert.rejects(cluster.readJob('run-1'), failsWith('unreachable'))
  await eventually(() => !watching.isCurrent())
  real.apiServer.resume()
  await eventually(() => cluster.createJob(job('run-1')))
  await eventually(() => watching.get('run-1') && watching.isCurrent())
  assert.equal((await eventually(() => cluster.listJobs())).length, 1)
})

test('a server that shows another certificate, and then one of another authority, is still found', async (t) => {
  const real = await startControlPlane()
  cleanup(t, () => real.shutDown())
  const { cluster } = openClient(t, { kubeconfig: real.kubeconfig, namespace: 'default' })
  const watching = cluster.watchJobs(() => {})
  await cluster.createJob(job('run-1'))
  await real.rotateServerCertificate()
  await cluster.createJob(job('run-2'))
  await real.rotateAuthority()
  assert.notEqual(await eventually(() => cluster.createJob(job('run-3'))), 'exists')
  // Whom it trusted before is of no use to a server that is started anew.
  await real.apiServer.stop()
  await real.apiServer.start()
  assert.notEqual(await eventually(() => cluster.createJob(job('run-4'))), 'exists')
  await eventually(() => watching.get('run-4'))
  await real.admin.get<ApiObject>('/apis/batch/v1/namespaces/default/jobs/run-4')
})
