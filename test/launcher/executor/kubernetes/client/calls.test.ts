/** Calls to a cluster that hangs, loses its answers, refuses and is away. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  KubernetesError,
  toTrainyardError,
} from '../../../../../services/launcher/executor/kubernetes/client/failures.ts'
import { eventually } from '../../../../harness/eventually.ts'
import { startApiServer } from './api-server.ts'
import { job, openTestCluster } from './clusters.ts'

const failsWith = (kind: string) => (error: unknown) => error instanceof KubernetesError && error.failure.kind === kind

test('I1: a Job that is there already is not created again, and that is no error', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  assert.notEqual(await cluster.createJob(job('run-1')), 'exists')
  assert.equal(await cluster.createJob(job('run-1')), 'exists')
  assert.equal((await cluster.listJobs()).length, 1)
})

test('a field that client-node does not know reaches the API server, which is asked to refuse it', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  await cluster.createJob({ ...job('run-1'), spec: { ...job('run-1').spec, misspelt: true } } as never)
  const created = server.asked.find(({ method }) => method === 'POST')
  assert.equal(JSON.parse(created?.body ?? '').spec.misspelt, true)
  assert.equal(created?.query.get('fieldValidation'), 'Strict')
})

test('a cluster that hangs holds a call no longer than its time limit', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig, { limitMs: 100 })
  server.fault = () => 'hang'
  await assert.rejects(cluster.readJob('run-1'), failsWith('unreachable'))
  await assert.rejects(cluster.deleteJob('run-1', 'uid'), failsWith('unknownOutcome'))
  await eventually(() => server.connections.open === 0, { what: 'giving up the connections that hang' })
})

test('I1: a Job whose answer was lost is looked for by its name before anything is said', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  server.fault = ({ method }) => (method === 'POST' ? 'lose' : undefined)
  assert.equal(await cluster.createJob(job('run-1')), 'exists')
})

test('a Job that was lost on the way is not said to be there, and may be created again', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  server.fault = ({ method }) => (method === 'POST' ? 'reset' : undefined)
  await assert.rejects(cluster.createJob(job('run-1')), (error) => {
    assert.ok(failsWith('unknownOutcome')(error))
    assert.equal(toTrainyardError(error).retryable, true)
    return true
  })
  server.fault = () => undefined
  assert.notEqual(await cluster.createJob(job('run-1')), 'exists')
})

test('a cluster that asks to come again later is asked again by itself', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  let refusals = 2
  server.fault = () => (refusals-- > 0 ? { status: 429, headers: { 'retry-after': '0' } } : undefined)
  assert.notEqual(await cluster.createJob(job('run-1')), 'exists')
  assert.equal(server.asked.length, 3)
})

test('a call does not wait longer than it may for a cluster that asks to come again much later', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  server.fault = () => ({ status: 429, headers: { 'retry-after': '60' } })
  await assert.rejects(cluster.readJob('run-1'), (error) => {
    assert.ok(error instanceof KubernetesError)
    assert.equal(error.failure.kind === 'throttled' && error.failure.retryAfterMs, 60_000)
    return true
  })
  assert.equal(server.asked.length, 1)
})

test('a cluster that is silent is left alone for a while, and asked again after it', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig, { restMs: 50 })
  server.fault = () => 'reset'
  await eventually(async () => {
    const before = server.asked.length
    await assert.rejects(cluster.readJob('run-1'), failsWith('unreachable'))
    return server.asked.length === before
  })
  server.fault = () => undefined
  await eventually(() => cluster.readJob('run-1').then(() => true))
})

test('a silence of reads leaves writes alone', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig, { restMs: 60_000 })
  server.fault = ({ method }) => (method === 'GET' ? 'reset' : undefined)
  for (let call = 0; call < 20; call++) await assert.rejects(cluster.readJob('run-1'), failsWith('unreachable'))
  assert.ok(server.asked.length < 20)
  assert.notEqual(await cluster.createJob(job('run-1')), 'exists')
})

test('answers, however unwelcome, open no breaker: not found, refused, over quota, invalid, a webhook that is away', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  for (const status of [500, 401, 403, 409, 422]) {
    const message = status === 500 ? 'Internal error occurred: failed calling webhook "a": refused' : 'exceeded quota'
    server.fault = () => ({ status, body: { kind: 'Status', message } })
    for (let call = 0; call < 10; call++) await assert.rejects(cluster.deleteJob('run-1', 'uid'))
  }
  server.fault = () => undefined
  assert.notEqual(await cluster.createJob(job('run-1')), 'exists')
})

test('only the object that was meant is deleted, never another of its name', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  server.put('pods', { metadata: { name: 'pod-1', uid: 'second' } })
  await cluster.deletePod('pod-1', 'first', 30)
  await cluster.deleteJob('run-1', 'never there')
  assert.equal((await cluster.listPods('run-1')).length, 1)
  await cluster.deletePod('pod-1', 'second', 0)
  assert.equal((await cluster.listPods('run-1')).length, 0)
  const graces = server.asked.filter(({ path, method }) => method === 'DELETE' && path.endsWith('/pod-1'))
  assert.deepEqual(
    graces.map(({ body }) => JSON.parse(body).gracePeriodSeconds),
    [30, 1],
  )
})

test('D13: a conflict about the object itself is not taken for its end', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  server.put('pods', { metadata: { name: 'pod-1', uid: 'first' } })
  server.fault = ({ method }) =>
    method === 'DELETE' ? { status: 409, body: { kind: 'Status', reason: 'Conflict' } } : undefined
  await assert.rejects(cluster.deletePod('pod-1', 'first', 30), failsWith('conflict'))
})

test('D13: a proxy that finds no page does not make a Job absent', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  server.put('jobs', job('run-1'))
  server.fault = () => ({ status: 404, body: '<html>no such page</html>' })
  await assert.rejects(cluster.readJob('run-1'), failsWith('unreachable'))
  await assert.rejects(cluster.deleteJob('run-1', 'uid'), failsWith('unknownOutcome'))
})

test('I1, D13: an answer that is none of an API server says neither that something is there nor that it is not', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  for (const body of ['<html>welcome</html>', '{}', '']) {
    server.fault = () => ({ status: 200, body })
    await assert.rejects(cluster.readJob('run-1'), failsWith('unreachable'))
    await assert.rejects(cluster.createJob(job('run-1')), failsWith('unknownOutcome'))
    server.fault = () => undefined
    // Signs of life, so that the breakers stay closed.
    for (let call = 0; call < 5; call++) await cluster.deleteJob('run-1', 'never there')
    for (let call = 0; call < 5; call++) await cluster.readJob('run-1')
  }
  server.fault = () => ({ status: 200, body: '{}' })
  await assert.rejects(cluster.listPods('run-1'), failsWith('unreachable'))
})

test('I7: a Job is released by taking our finalizer away, and nobody else’s, though others change it meanwhile', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  const finalizers = ['example.com/theirs', 'trainyard.dev/collect']
  server.put('jobs', { metadata: { name: 'run-1', uid: 'first', finalizers } })
  await cluster.releaseJob('run-1', 'another')
  assert.deepEqual((await cluster.readJob('run-1'))?.metadata?.finalizers, finalizers)
  let changes = 3
  server.fault = ({ method }) => {
    if (method === 'PATCH' && changes-- > 0)
      server.put('jobs', { metadata: { name: 'run-1', uid: 'first', finalizers } })
    return undefined
  }
  await cluster.releaseJob('run-1', 'first')
  assert.deepEqual((await cluster.readJob('run-1'))?.metadata?.finalizers, ['example.com/theirs'])
  const before = await cluster.readJob('run-1')
  await cluster.releaseJob('run-1', 'first')
  await cluster.releaseJob('run-2', 'never there')
  assert.deepEqual(await cluster.readJob('run-1'), before)
})

const ours = ['trainyard.dev/collect']

test('I7: a Job with our finalizer alone, as almost all have, is released and deleted with two calls, unseen', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  server.put('jobs', { metadata: { name: 'run-1', uid: 'first', finalizers: ours } })
  assert.equal(await cluster.dropJob('run-1', 'first'), true)
  assert.deepEqual(
    server.asked.map(({ method }) => method),
    ['PATCH', 'DELETE'],
  )
  assert.equal(await cluster.readJob('run-1'), undefined)
})

const unusual: Readonly<Record<string, object | undefined>> = {
  'another of its name': { uid: 'second', finalizers: ours },
  'kept by somebody else, too': { uid: 'first', finalizers: ['orphan', ...ours] },
  'without our finalizer': { uid: 'first' },
  gone: undefined,
}
for (const [how, metadata] of Object.entries(unusual)) {
  test(`a Job that is ${how} is left as it is, to be looked at`, async (t) => {
    const server = await startApiServer(t)
    const cluster = openTestCluster(t, server.kubeconfig)
    if (metadata) server.put('jobs', { metadata: { name: 'run-1', ...metadata } })
    const before = await cluster.readJob('run-1')
    assert.equal(await cluster.dropJob('run-1', 'first'), false)
    assert.deepEqual(await cluster.readJob('run-1'), before)
  })
}

test('of a Job that somebody has deleted it is said that what it left behind is to be looked at', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  const deletionTimestamp = '2026-08-01T12:00:00Z'
  server.put('jobs', { metadata: { name: 'run-1', uid: 'first', finalizers: ours, deletionTimestamp } })
  assert.equal(await cluster.dropJob('run-1', 'first'), false)
})

test('lists come whole, in pages, and with times as times', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  for (let index = 0; index < 1_201; index++) {
    server.put('jobs', { metadata: { name: `run-${index}` }, status: { startTime: '2026-08-01T12:00:00Z' } })
  }
  const jobs = await cluster.listJobs()
  assert.equal(new Set(jobs.map(({ metadata }) => metadata?.name)).size, 1_201)
  assert.equal(server.asked.length, 13)
  assert.deepEqual(jobs[0]?.status?.startTime, new Date('2026-08-01T12:00:00Z'))
})

test('events come in the order in which they were last seen', async (t) => {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig)
  server.put('events', { metadata: { name: 'late' }, lastTimestamp: '2026-08-01T12:00:05Z' })
  server.put('events', { metadata: { name: 'early' }, eventTime: '2026-08-01T12:00:01.000001Z' })
  server.put('events', { metadata: { name: 'middle' }, series: { lastObservedTime: '2026-08-01T12:00:03.000001Z' } })
  const events = await cluster.listEvents(['uid-1'])
  assert.deepEqual(
    events.map(({ metadata }) => metadata.name),
    ['early', 'middle', 'late'],
  )
  assert.equal(server.asked[0]?.query.get('fieldSelector'), 'involvedObject.uid=uid-1')
})
