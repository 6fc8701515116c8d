/** What the executor tells of its Jobs, beside an API server in the test's hand. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AttemptName } from '../../../../schemas/words.ts'
import { type Clock, systemClock } from '../../../../services/kit/clock.ts'
import { openLog } from '../../../../services/kit/log.ts'
import type { ClusterTimings } from '../../../../services/launcher/executor/kubernetes/client/open.ts'
import { createKubernetesExecutor } from '../../../../services/launcher/executor/kubernetes/executor.ts'
import { eventually } from '../../../harness/eventually.ts'
import { type ApiServer, startApiServer } from './client/api-server.ts'
import { job, openTestCluster } from './client/clusters.ts'
import { attemptOf, settings } from './given.ts'

const attempt = attemptOf()
const stranger = 'run-jihgfedcba-1'
const gatherMs = 100

async function scene(t: TestContext, clock: Clock = systemClock, timings: Partial<ClusterTimings> = {}) {
  const server = await startApiServer(t)
  const cluster = openTestCluster(t, server.kubeconfig, timings)
  const executor = createKubernetesExecutor({ cluster, settings, clock, log: openLog('silent') })
  const told: string[] = []
  executor.onChange((name) => told.push(name))
  await eventually(() => server.watches() === 2)
  return { server, executor, told }
}

/** Waits until it has told of a Job that somebody else makes now: the watch has told of those before it by then. */
async function goesOn(server: ApiServer, told: readonly string[]): Promise<void> {
  server.put('jobs', job(stranger))
  await eventually(() => told.includes(stranger), { what: 'hearing of another Job' })
}

test('D7: a start says how the attempt stands, and what it has said is not told once more', async (t) => {
  const { server, executor, told } = await scene(t)
  assert.deepEqual(await executor.start(attempt), { words: 'waits for its pod to be made' })
  await goesOn(server, told)
  assert.deepEqual(told, [stranger])
})

test('D7: whatever becomes of a Job after its start is told', async (t) => {
  const { server, executor, told } = await scene(t)
  const changed = (status: object) => server.put('jobs', { ...job(attempt.name), status })
  await executor.start(attempt)
  changed({ active: 1 })
  await eventually(() => told.includes(attempt.name))
  await goesOn(server, told)
  told.length = 0
  server.remove('jobs', attempt.name)
  await eventually(() => told.includes(attempt.name))
})

test('D7: a pod that is there before its Job is heard of is told', async (t) => {
  const { server, executor, told } = await scene(t)
  await executor.start(attempt)
  server.put('pods', { metadata: { ...job(attempt.name).metadata, name: `${attempt.name}-pod` } })
  await eventually(() => told.includes(attempt.name))
})

test('a stop that changes nothing any more tells nothing: who is told looks, and would stop it once more', async (t) => {
  const { server, executor, told } = await scene(t)
  await executor.start(attempt)
  server.put('pods', { metadata: { ...job(attempt.name).metadata, name: `${attempt.name}-pod` } })
  await eventually(() => told.includes(attempt.name))
  await executor.stop(attempt.name, 30_000)
  await goesOn(server, told)
  told.length = 0
  await executor.stop(attempt.name, 30_000)
  server.remove('jobs', stranger)
  await goesOn(server, told)
  assert.ok(!told.includes(attempt.name))
})

test('events that cannot be read, for whatever reason, hold nothing up', async (t) => {
  const { server, executor } = await scene(t, systemClock, { limitMs: 1_000 })
  await executor.start(attempt)
  server.fault = ({ path }) => (path.endsWith('/events') ? { status: 500, body: { kind: 'Status' } } : undefined)
  const remarks = await executor.remarks(attempt.name)
  assert.match(remarks.at(-1)?.words ?? '', /^its events could not be read: /)
})

test('an attempt is not given up because its events could not be read just now', async (t) => {
  const { server, executor } = await scene(t)
  await executor.start(attempt)
  const container = { name: 'program', image: 'registry/trainer:1', imageID: '', ready: false, restartCount: 0 }
  server.put('pods', {
    metadata: {
      ...job(attempt.name).metadata,
      name: `${attempt.name}-pod`,
      creationTimestamp: new Date(Date.now() - 3_600_000),
    },
    spec: { nodeName: 'gpu-1', containers: [{ name: 'program' }] },
    status: { phase: 'Pending', containerStatuses: [{ ...container, state: { waiting: { reason: 'ErrImagePull' } } }] },
  } as never)
  const hopelessWith = async (status: number) => {
    server.fault = ({ path }) => (path.endsWith('/events') ? { status, body: { kind: 'Status' } } : undefined)
    const seen = await executor.observe(attempt.name)
    return seen.state === 'starting' && seen.hopeless !== undefined
  }
  assert.deepEqual([await hopelessWith(500), await hopelessWith(403)], [false, true])
})

test('without the right to list nodes nothing is told of them, and nothing fails', async (t) => {
  const { server, executor } = await scene(t)
  const message = 'nodes is forbidden: User "me" cannot list resource "nodes" in API group "" at the cluster scope'
  server.fault = ({ path }) =>
    path.endsWith('/nodes') ? { status: 403, body: { kind: 'Status', message, reason: 'Forbidden' } } : undefined
  assert.deepEqual(await executor.objections(attempt.spec), [])
})

test('I6: of Jobs whose pods are late those are told whose pods are refused, and one question serves for all', async (t) => {
  const late = Promise.withResolvers<void>()
  let passedMs = 0
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + passedMs,
    sleep: (milliseconds, ...signals) =>
      milliseconds > 5_000 ? late.promise : systemClock.sleep(milliseconds, ...signals),
  }
  const { server, executor, told } = await scene(t, clock)
  const other = AttemptName.parse('run-bcdefghija-1')
  await executor.start(attempt)
  await executor.start({ ...attempt, name: other })
  await goesOn(server, told)
  const seen = await executor.observe(attempt.name)
  assert.equal(seen.state, 'starting')
  const refusal = {
    reason: 'FailedCreate',
    involvedObject: { kind: 'Job', uid: seen.handle },
    message: 'exceeded quota',
  }
  server.put('events', { metadata: { name: 'refusal' }, ...refusal })
  told.length = 0
  passedMs = 10_000
  late.resolve()
  await eventually(() => told.length > 0)
  assert.deepEqual(told, [attempt.name])
  assert.equal(server.asked.filter(({ path }) => path.endsWith('/events')).length, 1)
})

test('those whose pods become late while others are asked about are told, in the same wait', async (t) => {
  let passedMs = 0
  const waits: { readonly milliseconds: number; readonly end: () => void }[] = []
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + passedMs,
    sleep: (milliseconds, ...signals) =>
      milliseconds === gatherMs
        ? systemClock.sleep(milliseconds, ...signals)
        : new Promise((end) => waits.push({ milliseconds, end })),
  }
  const { server, executor, told } = await scene(t, clock, { limitMs: 1_000 })
  server.fault = ({ path }) => (path.endsWith('/events') ? 'hang' : undefined)
  const other = AttemptName.parse('run-bcdefghija-1')
  await executor.start(attempt)
  await goesOn(server, told)
  passedMs = 10_000
  waits.at(-1)?.end()
  await eventually(() => server.asked.some(({ path }) => path.endsWith('/events')))
  await executor.start({ ...attempt, name: other })
  assert.equal(waits.length, 1)
  passedMs = 20_000
  await eventually(() => waits.length === 2)
  assert.equal(waits[1]?.milliseconds, 0)
  waits[1]?.end()
  await eventually(() => told.includes(other))
})
