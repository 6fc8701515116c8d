/** The watches are dead, and nothing says so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { championOf } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import { startProxy } from '../proxy.ts'
import { sharedCluster } from '../shared.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'
import { becomesChampion, edit, onGpu, runningPod, runningRun } from './given.ts'

test('a model is in force long before anybody notices that the watches are silently dead, and what is left in the cluster is collected once that is noticed', async (t) => {
  const proxy = await startProxy(t, await sharedCluster())
  const place = await startClusterYard(t, { configuration: onGpu({ sleepMs: 2_000 }), proxy })
  const { yard, cluster, namespace } = place
  const witness = await watchAttempts(t, cluster, namespace)
  await edit(yard, 'bot-1')
  const { run } = await runningRun(yard, 'bot-1')
  await runningPod(place, `${run}-1`)
  const watches = () => proxy.asked.filter(({ path }) => path.includes('watch=true')).length
  const before = watches()
  proxy.silenceWatches()
  await eventually(() => championOf(yard, 'bot-1'))
  assert.equal(watches(), before)
  await becomesChampion(yard, 'bot-1', witness)
  // What is made from now on is heard of again.
  await eventually(() => watches() > before)
  await edit(yard, 'bot-2')
  await becomesChampion(yard, 'bot-2', witness)
})
