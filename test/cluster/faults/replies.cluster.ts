/** What the API server was asked is done or not, and the launcher does not hear which. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createsJob, startProxy } from '../proxy.ts'
import { sharedCluster } from '../shared.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'
import { becomesChampion, edit, onGpu } from './given.ts'

test('I1: a Job is made once, though the reply that it was made is lost', async (t) => {
  const proxy = await startProxy(t, await sharedCluster())
  const { yard, cluster, namespace } = await startClusterYard(t, { configuration: onGpu(), proxy })
  const witness = watchAttempts(t, cluster, namespace)
  let lost = 0
  proxy.fault = (asked) => {
    if (!createsJob(asked) || lost > 0) return undefined
    lost += 1
    return 'loseReply'
  }
  await edit(yard, 'bot-1')
  await becomesChampion(yard, 'bot-1', witness)
  assert.equal(lost, 1)
})

test('I1, I7: every change that the launcher asks for may lose its first reply', async (t) => {
  const proxy = await startProxy(t, await sharedCluster())
  const { yard, cluster, namespace } = await startClusterYard(t, { configuration: onGpu(), proxy })
  const witness = watchAttempts(t, cluster, namespace)
  const lost = new Set<string>()
  proxy.fault = ({ method, path }) => {
    const change = `${method} ${path}`
    if (method === 'GET' || lost.has(change)) return undefined
    lost.add(change)
    return 'loseReply'
  }
  await edit(yard, 'bot-1')
  await becomesChampion(yard, 'bot-1', witness)
  const methods = new Set([...lost].map((change) => change.split(' ')[0]))
  assert.deepEqual([...methods].toSorted(), ['DELETE', 'PATCH', 'POST'])
})

test('an API server that has too much to do is asked again when it says, and its Job is made once', async (t) => {
  const proxy = await startProxy(t, await sharedCluster())
  const { yard, cluster, namespace } = await startClusterYard(t, { configuration: onGpu(), proxy })
  const witness = watchAttempts(t, cluster, namespace)
  const askedAtMs: number[] = []
  const tooMany = { kind: 'Status', status: 'Failure', reason: 'TooManyRequests', code: 429, message: 'come later' }
  proxy.fault = (asked) => {
    if (!createsJob(asked)) return undefined
    askedAtMs.push(performance.now())
    return askedAtMs.length < 3 ? { status: 429, headers: { 'retry-after': '1' }, body: tooMany } : undefined
  }
  await edit(yard, 'bot-1')
  await becomesChampion(yard, 'bot-1', witness)
  const [first = 0, second = 0, third = 0] = askedAtMs
  assert.equal(askedAtMs.length, 3)
  assert.ok(second - first >= 1_000 && third - second >= 1_000, String(askedAtMs))
})
