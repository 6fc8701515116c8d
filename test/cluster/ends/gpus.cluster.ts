/** More attempts than GPUs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'
import { begun, endOf, jobType, placements, stands, train } from './given.ts'

test('an attempt waits for a GPU and says so, goes at once when it is cancelled there, and begins when one is free', async (t) => {
  const configuration = `jobTypes:\n${jobType('holding', { hyperparameters: { hang: 'untilTerm' } })}${jobType('waiting')}${placements}`
  const { yard, cluster, namespace } = await startClusterYard(t, { configuration, nodes: 2, gpus: 1 })
  const witness = watchAttempts(t, cluster, namespace)
  const cancel = (run: string) => yard.post(`/runs/${run}/cancel`, { actor: 'ada', reason: 'enough' })
  const holders = [await train(yard, 'holding', 'bot-1'), await train(yard, 'holding', 'bot-2')]
  for (const holder of holders) await begun(yard, holder)

  const given = await train(yard, 'waiting', 'bot-3')
  await stands(yard, given, /^waits for a GPU: 0 of 2 nodes free$/)
  await eventually(async () => {
    const told = await yard.get<object[]>(`/runs/${given}/attempts?remarks=true`)
    return /Pod FailedScheduling: 0\/\d+ nodes are available/.test(JSON.stringify(told))
  })
  await cancel(given)
  assert.equal((await endOf(yard, given)).state, 'cancelled')

  const patient = await train(yard, 'waiting', 'bot-4')
  await stands(yard, patient, /^waits for a GPU: 0 of 2 nodes free$/)
  await cancel(holders[0] ?? '')
  const { state, attempts } = await endOf(yard, patient)
  assert.deepEqual([state, attempts.map(({ outcome }) => outcome)], ['succeeded', ['done']])
  assert.equal((await endOf(yard, holders[0] ?? '')).state, 'cancelled')
  await cancel(holders[1] ?? '')
  assert.equal((await endOf(yard, holders[1] ?? '')).state, 'cancelled')
  await witness.check()
})
