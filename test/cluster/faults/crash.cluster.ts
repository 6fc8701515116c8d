/** The launcher is killed, and what it had asked of the cluster is found by the next one. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { points } from '../../../services/launcher/points.ts'
import { sumsOf } from '../../chain/bot.ts'
import {
  hyperparameters,
  killedAtEach,
  killedAtStartOfWaiting,
  startOfWaiting,
  trainedOnce,
} from '../../chain/kills.ts'
import { eventually } from '../../harness/eventually.ts'
import { hangs } from '../ends/given.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'
import { becomesChampion, onGpu, training } from './given.ts'

/** Reached only where a runner ends without a word. */
const silentEnd = 'launcher.attempt.ended'
const untroubled = points.filter((point) => point !== silentEnd && point !== startOfWaiting)

describe('I1, I7: after kill -9 of the launcher at any named point, each attempt was one Job and one pod, and all are gone', {
  concurrency: 2,
}, () => {
  for (const parity of [0, 1]) {
    const chain = untroubled.filter((_, index) => index % 2 === parity)
    test(`in a life that begins with a kill at ${chain[0]} and has ${chain.length} of them`, async (t) => {
      const { yard, cluster, namespace } = await startClusterYard(t, {
        configuration: onGpu(hyperparameters),
        variables: { TRAINYARD_CRASH_AT: chain[0] ?? '' },
      })
      const witness = watchAttempts(t, cluster, namespace)
      const bots = await killedAtEach(t, yard, chain)
      const sums = await eventually(async () => {
        const now = await sumsOf(yard)
        return now.waiting === 0 && now
      })
      assert.deepEqual({ ...sums }, { ...sums, received: bots.length, launched: bots.length, balanced: true })
      for (const bot of bots) await trainedOnce(yard, bot)
      await witness.empty()
      await witness.check()
      assert.equal(witness.attempts.length, bots.length)
    })
  }

  test(`killed at ${startOfWaiting}, where a run waited for its slot`, async (t) => {
    const { yard, cluster, namespace } = await startClusterYard(t, {
      configuration: onGpu(hyperparameters).replace('slots: 4', 'slots: 1'),
      variables: { TRAINYARD_CRASH_AT: startOfWaiting },
    })
    const witness = watchAttempts(t, cluster, namespace)
    const bots = await killedAtStartOfWaiting(yard)
    await witness.empty()
    await witness.check()
    assert.equal(witness.attempts.length, bots.length)
  })

  test(`killed at ${silentEnd}, of a runner that was killed`, async (t) => {
    const { yard, witness, kubelets, run, pod } = await training(t, {
      configuration: onGpu(hangs),
      variables: { TRAINYARD_CRASH_AT: silentEnd },
    })
    kubelets[0]?.exhaust(pod.metadata.name)
    assert.equal(await yard.ended, 'SIGKILL')
    await yard.start({ TRAINYARD_CRASH_AT: '' })
    await becomesChampion(yard, 'bot-1', witness, 2)
    assert.deepEqual(witness.attempts, [`${run}-1`, `${run}-2`])
  })
})
