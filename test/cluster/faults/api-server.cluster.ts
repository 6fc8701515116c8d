/** The API server goes away, stands still, forgets and changes its certificate while attempts run. */
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type ControlPlane, startControlPlane } from '../control-plane.ts'
import { type Asked, startProxy } from '../proxy.ts'
import { watchAttempts } from '../witness.ts'
import { startClusterYard } from '../yard.ts'
import { becomesChampion, edit, onGpu, runningPod, runningRun } from './given.ts'

let started: Promise<ControlPlane> | undefined
/** One that these tests may do anything to, each after the other. */
const ownControlPlane = (): Promise<ControlPlane> => {
  started ??= startControlPlane()
  return started
}
after(async () => (await started)?.shutDown())

const longTraining = { sleepMs: 4_000 }

/**
 * One training is running when the fault begins, and another is asked for meanwhile: both are carried out once.
 *
 * @returns what the launcher asked the API server from then on, where it goes by a proxy
 */
async function survived(
  t: TestContext,
  way: 'straight' | 'by a proxy',
  fault: (controlPlane: ControlPlane, meanwhile: () => Promise<void>) => Promise<void>,
): Promise<readonly Asked[]> {
  const cluster = await ownControlPlane()
  const proxy = await startProxy(t, cluster)
  const place = await startClusterYard(t, {
    configuration: onGpu(longTraining),
    cluster,
    ...(way === 'by a proxy' ? { proxy } : {}),
  })
  const { yard, namespace } = place
  const witness = await watchAttempts(t, cluster, namespace)
  await edit(yard, 'bot-1')
  const { run } = await runningRun(yard, 'bot-1')
  await runningPod(place, `${run}-1`)
  const askedBefore = proxy.asked.length
  await fault(cluster, () => edit(yard, 'bot-2'))
  for (const bot of ['bot-1', 'bot-2']) await becomesChampion(yard, bot, witness)
  assert.equal(witness.attempts.length, 2)
  return proxy.asked.slice(askedBefore)
}

describe('I1, I7: attempts go on and are made and collected once, though the API server', () => {
  test('shows another certificate, which another authority has signed', async (t) => {
    await survived(t, 'straight', async ({ rotateAuthority }, meanwhile) => {
      await rotateAuthority()
      await meanwhile()
    })
  })

  test('answers nothing for 10 s', async (t) => {
    await survived(t, 'by a proxy', async ({ apiServer }, meanwhile) => {
      apiServer.pause()
      await meanwhile()
      await delay(10_000)
      apiServer.resume()
    })
  })

  test('is killed for longer than a training lasts, and then knows nothing from before that watches could go on from', async (t) => {
    const asked = await survived(t, 'by a proxy', async ({ apiServer, compact }, meanwhile) => {
      await apiServer.stop()
      await meanwhile()
      await delay(longTraining.sleepMs)
      await compact()
      await apiServer.start()
    })
    // A watch that can go on needs no list of all Jobs.
    assert.ok(asked.some(({ path }) => /\/jobs\?limit=/.test(path)))
  })
})
