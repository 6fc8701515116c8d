/** The watches are dead, and nothing says so. */
import { test } from 'node:test'
import { championOf } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import { startProxy } from '../proxy.ts'
import { sharedCluster } from '../shared.ts'
import { becomesChampion, edit, onGpu, training } from './given.ts'

test('a model is in force long before anybody notices that the watches are silently dead, and what is left in the cluster is collected once that is noticed', async (t) => {
  const proxy = await startProxy(t, await sharedCluster())
  const { yard, witness } = await training(t, { configuration: onGpu({ sleepMs: 2_000 }), proxy })
  const { promise: noticed, resolve: notice } = Promise.withResolvers<undefined>()
  // However slow all else is: there are no others until there is a model.
  proxy.fault = (asked) => (asked.path.includes('watch=true') ? noticed : undefined)
  proxy.silenceWatches()
  await eventually(() => championOf(yard, 'bot-1'))
  notice(undefined)
  await becomesChampion(yard, 'bot-1', witness)
  await edit(yard, 'bot-2')
  await becomesChampion(yard, 'bot-2', witness)
})
