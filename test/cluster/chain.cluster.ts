/** The whole chain with attempts as Jobs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attemptsOf, endedRuns, logOf, settledSums } from '../chain/answers.ts'
import { botUpdated, championOf, datasetOf, echoConfiguration, postDataset, publish } from '../chain/bot.ts'
import { eventually } from '../harness/eventually.ts'
import type { Job, List } from './objects.ts'
import { startClusterYard } from './yard.ts'

const onGpu = (hyperparameters: Record<string, unknown> = {}) =>
  echoConfiguration(hyperparameters, 'placements:\n  gpu: { gpus: 1, memoryGiB: 1 }').replace(
    'slots: 4',
    'slots: 4\n    placement: gpu',
  )

test('an edit becomes a trained, measured, promoted model, each attempt a Job on a GPU node, and nothing is left of it', async (t) => {
  const { yard, cluster, namespace } = await startClusterYard(t, { configuration: onGpu() })
  const first = await postDataset(yard, datasetOf('first'))
  await publish(yard, botUpdated('bot-1', first, 1))
  const [run] = [...(await endedRuns(yard, ['bot-1'])).values()]
  assert.equal(run?.state, 'succeeded')
  assert.equal((await eventually(() => championOf(yard, 'bot-1'))).sequence, 1)
  assert.notEqual(await logOf(yard, run.run), '')
  const jobs = await eventually(async () => {
    const { items } = await cluster.admin.get<List<Job>>(`/apis/batch/v1/namespaces/${namespace}/jobs`)
    return items.length === 0 && items
  })
  assert.deepEqual(jobs, [])
  const [attempt] = await attemptsOf(yard, run.run)
  assert.equal(attempt?.outcome, 'done')
  assert.equal((await settledSums(yard)).balanced, true)
})
