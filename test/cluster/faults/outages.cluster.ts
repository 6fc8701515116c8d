/** What an attempt runs on, or talks to, goes away. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { attemptsOf } from '../../chain/answers.ts'
import { championOf } from '../../chain/bot.ts'
import { hyperparameters, trainedOnce } from '../../chain/kills.ts'
import { eventually } from '../../harness/eventually.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'
import { becomesChampion, edit, onGpu, runningPod, runningRun, standingOf } from './given.ts'

describe('an attempt', { concurrency: 2 }, () => {
  test('D13: whose node is lost has no successor until the node is back and says that it is gone', async (t) => {
    const place = await startClusterYard(t, { configuration: onGpu({ sleepMs: 3_000 }) })
    const { yard, cluster, namespace, kubelets } = place
    const witness = await watchAttempts(t, cluster, namespace)
    await edit(yard, 'bot-1')
    const { run } = await runningRun(yard, 'bot-1')
    await runningPod(place, `${run}-1`)
    kubelets[0]?.loseNode('die')
    await eventually(async () => /does not answer/.test(await standingOf(yard, run, `${run}-1`)), { timeoutMs: 60_000 })
    assert.deepEqual(witness.attempts, [`${run}-1`])
    await kubelets[0]?.recoverNode()
    await becomesChampion(yard, 'bot-1', witness, 2)
    const [first] = await attemptsOf(yard, run)
    assert.deepEqual(
      [first?.outcome, /node was lost/.test(first?.reason ?? '')],
      ['stopped', true],
      first?.reason ?? '',
    )
  })

  test('whose node is cut off goes on, and its work counts', async (t) => {
    const place = await startClusterYard(t, { configuration: onGpu({ sleepMs: 3_000 }) })
    const { yard, cluster, namespace, kubelets } = place
    const witness = await watchAttempts(t, cluster, namespace)
    await edit(yard, 'bot-1')
    const { run } = await runningRun(yard, 'bot-1')
    await runningPod(place, `${run}-1`)
    kubelets[0]?.loseNode()
    await eventually(() => championOf(yard, 'bot-1'))
    await kubelets[0]?.recoverNode()
    await becomesChampion(yard, 'bot-1', witness)
  })

  test('goes on without its launcher for longer than many heartbeats, and hands in its work once that is back', async (t) => {
    const place = await startClusterYard(t, { configuration: onGpu(hyperparameters) })
    const { yard, cluster, namespace } = place
    const witness = await watchAttempts(t, cluster, namespace)
    await edit(yard, 'bot-1')
    const { run } = await runningRun(yard, 'bot-1')
    await runningPod(place, `${run}-1`)
    await yard.kill('SIGKILL')
    // It is over before, and has nobody to tell.
    await delay(20_000)
    await yard.start()
    await becomesChampion(yard, 'bot-1', witness)
    await trainedOnce(yard, 'bot-1')
  })
})
