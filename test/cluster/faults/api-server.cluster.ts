/** The API server goes away, stands still, forgets and changes its certificate while attempts run. */
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Yard } from '../../harness/yard.ts'
import { type ControlPlane, startControlPlane } from '../control-plane.ts'
import { becomesChampion, edit, onGpu, saidBy, training } from './given.ts'

let started: Promise<ControlPlane> | undefined
/** One that these tests may do anything to, each after the other. */
const ownControlPlane = (): Promise<ControlPlane> => {
  started ??= startControlPlane()
  return started
}
after(async () => (await started)?.shutDown())

const longTraining = { sleepMs: 4_000 }

/** One training is running when the fault begins, and another is asked for meanwhile: both are carried out once. */
async function survived(
  t: TestContext,
  fault: (controlPlane: ControlPlane, meanwhile: () => Promise<void>) => Promise<void>,
): Promise<Yard> {
  const cluster = await ownControlPlane()
  const { yard, witness } = await training(t, { configuration: onGpu(longTraining), cluster })
  await fault(cluster, () => edit(yard, 'bot-2'))
  for (const bot of ['bot-1', 'bot-2']) await becomesChampion(yard, bot, witness)
  assert.equal(witness.attempts.length, 2)
  return yard
}

describe('I1, I7: attempts go on and are made and collected once, though the API server', () => {
  test('shows another certificate, which another authority has signed', async (t) => {
    await survived(t, async ({ rotateAuthority }, meanwhile) => {
      await rotateAuthority()
      await meanwhile()
    })
  })

  test('answers nothing for 10 s', async (t) => {
    await survived(t, async ({ apiServer }, meanwhile) => {
      apiServer.pause()
      await meanwhile()
      await delay(10_000)
      apiServer.resume()
    })
  })

  test('is killed for longer than a training lasts, and etcd has forgotten what was before', async (t) => {
    const yard = await survived(t, async ({ apiServer, compact }, meanwhile) => {
      await apiServer.stop()
      await meanwhile()
      await delay(longTraining.sleepMs)
      await compact()
      await apiServer.start()
    })
    assert.match(await saidBy(yard), /the cluster has forgotten where the watch was; all is listed anew/)
  })
})
