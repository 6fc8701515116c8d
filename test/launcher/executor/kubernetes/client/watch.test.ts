/** A watch through everything that can happen to it: what it holds is right again afterwards, and every change was said. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SeenJob, Watching } from '../../../../../services/launcher/executor/kubernetes/client/cluster.ts'
import type { ClusterTimings } from '../../../../../services/launcher/executor/kubernetes/client/open.ts'
import { eventually } from '../../../../harness/eventually.ts'
import { type ApiServer, type Asked, startApiServer } from './api-server.ts'
import { job, openTestCluster } from './clusters.ts'

interface Scene {
  server: ApiServer
  watching: Watching<SeenJob>
  said: string[]
}

const isWatch = ({ query }: Asked): boolean => query.has('watch')
const lists = ({ asked }: ApiServer): number => asked.filter((one) => !isWatch(one)).length
const watches = ({ asked }: ApiServer): Asked[] => asked.filter(isWatch)

/** Jobs `run-1` and `run-2`, watched. */
async function watched(t: TestContext, timings: Partial<ClusterTimings> = {}): Promise<Scene> {
  const server = await startApiServer(t)
  for (const name of ['run-1', 'run-2']) server.put('jobs', job(name))
  const said: string[] = []
  const watching = openTestCluster(t, server.kubeconfig, timings).watchJobs((name) => said.push(name))
  await watching.synced
  await eventually(() => server.watches() === 1)
  return { server, watching, said }
}

/** Waits until it knows a change that is made now. */
async function goesOn({ server, watching, said }: Scene): Promise<void> {
  server.put('jobs', job('run-last'))
  await eventually(() => watching.get('run-last') && watching.isCurrent() && said.includes('run-last'), {
    what: 'hearing of a change after the fault',
  })
}

test('what is there is said once the first list is complete, and each change after it', async (t) => {
  const scene = await watched(t)
  const { server, watching, said } = scene
  assert.deepEqual(said, ['run-1', 'run-2'])
  assert.equal(watching.all().length, 2)
  server.put('jobs', { ...job('run-1'), status: { active: 1 } })
  server.remove('jobs', 'run-2')
  await eventually(() => watching.get('run-2') === undefined)
  assert.equal(watching.get('run-1')?.status?.active, 1)
  assert.deepEqual(said, ['run-1', 'run-2', 'run-1', 'run-2'])
  await goesOn(scene)
  assert.equal(lists(server), 1)
})

test('changes of pods are said by the attempt that they belong to', async (t) => {
  const server = await startApiServer(t)
  const said: string[] = []
  const watching = openTestCluster(t, server.kubeconfig).watchPods((attempt) => said.push(attempt))
  await watching.synced
  server.put('pods', { metadata: { name: 'run-1-x7k2p', labels: job('run-1').metadata.labels } })
  await eventually(() => watching.get('run-1-x7k2p'))
  assert.deepEqual(said, ['run-1'])
})

const faults: [title: string, strike: (server: ApiServer) => void][] = [
  ['ended by the server', (server) => server.endWatches()],
  ['cut', (server) => server.resetWatches()],
  ['silent', (server) => server.muteWatches()],
]
for (const [title, strike] of faults) {
  test(`a watch that is ${title} goes on where it was: nothing in between is missed, and nothing is listed again`, async (t) => {
    const scene = await watched(t, { silenceMs: 300 })
    const { server, watching, said } = scene
    strike(server)
    server.remove('jobs', 'run-1')
    server.put('jobs', job('run-3'))
    await eventually(() => watching.get('run-3') && !watching.get('run-1'))
    assert.deepEqual(said, ['run-1', 'run-2', 'run-1', 'run-3'])
    await goesOn(scene)
    assert.equal(lists(server), 1)
  })
}

test('a place in the history that is gone leads to a new list, and what was deleted meanwhile is said', async (t) => {
  const scene = await watched(t)
  const { server, watching, said } = scene
  server.fault = (asked) => (isWatch(asked) ? { status: 503 } : undefined)
  server.resetWatches()
  await eventually(() => !watching.isCurrent())
  server.remove('jobs', 'run-1')
  server.put('jobs', job('run-3'))
  server.compact()
  server.fault = () => undefined
  await eventually(() => watching.get('run-3'))
  assert.equal(watching.get('run-1'), undefined)
  assert.deepEqual(said, ['run-1', 'run-2', 'run-1', 'run-3'])
  await goesOn(scene)
  assert.equal(lists(server), 2)
})

test('410 as an answer is the same as 410 in the stream', async (t) => {
  const scene = await watched(t)
  const { server } = scene
  let answers = 1
  server.fault = (asked) => (isWatch(asked) && answers-- > 0 ? { status: 410, body: { reason: 'Expired' } } : undefined)
  server.endWatches()
  await goesOn(scene)
  assert.equal(lists(server), 2)
})

test('a list that fails is made again, however often', async (t) => {
  const server = await startApiServer(t)
  server.put('jobs', job('run-1'))
  const kinds: ('reset' | 'hang' | { status: number; body?: string })[] = [
    'reset',
    { status: 500 },
    { status: 200, body: 'no JSON' },
    { status: 403 },
    'hang',
    { status: 200, body: '{}' },
  ]
  server.fault = () => kinds.shift()
  const watching = openTestCluster(t, server.kubeconfig, { limitMs: 100, restMs: 20 }).watchJobs(() => {})
  assert.equal(watching.isCurrent(), false)
  await watching.synced
  await goesOn({ server, watching, said: ['run-last'] })
})

test('a handler that throws, now or later, ends neither the watch nor the process', async (t) => {
  const server = await startApiServer(t)
  server.put('jobs', job('run-1'))
  const cluster = openTestCluster(t, server.kubeconfig)
  let calls = 0
  const throwing = cluster.watchJobs(() => {
    calls += 1
    throw new Error('now')
  })
  const failing = cluster.watchJobs(async () => {
    calls += 1
    throw new Error('later')
  })
  await Promise.all([throwing.synced, failing.synced])
  await eventually(() => server.watches() === 2)
  server.put('jobs', job('run-2'))
  await eventually(() => throwing.get('run-2') && failing.get('run-2') && calls === 4)
  assert.equal(lists(server), 2)
})

test('a bookmark moves the place from which a quiet watch goes on, past what is forgotten', async (t) => {
  const scene = await watched(t)
  const { server, said } = scene
  assert.equal(watches(server)[0]?.query.get('allowWatchBookmarks'), 'true')
  server.compact()
  server.bookmark()
  await eventually(() => server.watches() === 1)
  server.endWatches()
  await goesOn(scene)
  assert.deepEqual(said, ['run-1', 'run-2', 'run-last'])
  assert.equal(lists(server), 1)
  assert.ok(
    Number(watches(server)[1]?.query.get('resourceVersion')) > Number(watches(server)[0]?.query.get('resourceVersion')),
  )
})

for (const line of ['no JSON', '{"type":"ADDED"', '{"object":{}}', '{"type":"BOOKMARK","object":{}}']) {
  test(`what makes no sense (${line}) is not guessed at: everything is listed anew`, async (t) => {
    const scene = await watched(t)
    scene.server.say(line)
    await eventually(() => lists(scene.server) === 2)
    await goesOn(scene)
  })
}

test('a change that comes in pieces, and of more than one byte a letter, is understood', async (t) => {
  const { server, watching } = await watched(t)
  const object = {
    metadata: { name: 'run-3', resourceVersion: '900', annotations: { note: 'für später — 訓練'.repeat(20_000) } },
  }
  server.say(JSON.stringify({ type: 'ADDED', object }))
  await eventually(() => watching.get('run-3'))
  assert.equal(watching.get('run-3')?.metadata?.annotations?.['note'], object.metadata.annotations.note)
})

test('an unknown kind of event is passed over', async (t) => {
  const scene = await watched(t)
  scene.server.say('{"type":"CHEERED","object":{}}')
  await goesOn(scene)
  assert.equal(lists(scene.server), 1)
})

test('a server that ends every watch at once is not asked without end', async (t) => {
  const { server } = await watched(t, { firstPauseMs: 60_000, longestPauseMs: 60_000, steadyMs: 60_000 })
  server.fault = (asked) => (isWatch(asked) ? { status: 200 } : undefined)
  const before = watches(server).length
  server.endWatches()
  // Two: the one that was open, and perhaps another before the pause.
  await eventually(() => server.watches() === 0)
  assert.ok(watches(server).length <= before + 1)
})

test('a watch that is told when to come again does not come before', async (t) => {
  const scene = await watched(t)
  const { server } = scene
  let answers = 1
  server.fault = (asked) =>
    isWatch(asked) && answers-- > 0 ? { status: 429, headers: { 'retry-after': '1' } } : undefined
  const { length } = watches(server)
  server.endWatches()
  await eventually(() => watches(server).length === length + 1)
  const refusedMs = performance.now()
  await goesOn(scene)
  assert.ok(performance.now() - refusedMs >= 950)
})

test('everything is listed anew from time to time, and only what differs is said', async (t) => {
  const scene = await watched(t, { relistMs: 0, shortestWatchMs: 100, longestWatchMs: 100 })
  const { server, said } = scene
  server.endWatches()
  await eventually(() => lists(server) >= 2 && server.watches() === 1)
  assert.deepEqual(said, ['run-1', 'run-2'])
  await goesOn(scene)
})

test('a watch says how long it wants to last, each another time', async (t) => {
  const { server } = await watched(t)
  server.endWatches()
  await eventually(() => watches(server).length === 2)
  const [first, second] = watches(server).map(({ query }) => Number(query.get('timeoutSeconds')))
  for (const seconds of [first, second]) assert.ok(seconds !== undefined && seconds >= 240 && seconds <= 480)
})
