import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { points as evaluatorPoints } from '../../services/evaluator/points.ts'
import { points as intakePoints } from '../../services/intake/points.ts'
import { points as launcherPoints } from '../../services/launcher/points.ts'
import { points as promoterPoints } from '../../services/promoter/points.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'
import {
  botUpdated,
  championOf,
  datasetOf,
  echoConfiguration,
  persistently,
  postDataset,
  publish,
  sumsOf,
} from './bot.ts'

/** Two places in kit that every service passes through: after a batch was handled, and between publishing and marking it. */
const kitPoints = ['launcher.handled', 'relay.published']

/** Not on the way of a first, untroubled training without debounce; each has its own test beside its service. */
const elsewhere = /^(intake\.request\.claimed|launcher\.attempt\.ended|promoter\.(decision|expiry)\..*)$/

const points = [...intakePoints, ...launcherPoints, ...evaluatorPoints, ...promoterPoints, ...kitPoints].filter(
  (point) => !elsewhere.test(point),
)
const reached = new Set<string>()

// Ten lines, one every few milliseconds, so that a lost or doubled one shows.
const hyperparameters = { sleepMs: 150 }
const expectedLines = Array.from({ length: 10 }, (_, index) => `slept ${(index + 1) * 15} of 150 ms`)

describe('I1, I4, I5, I7: after kill -9 at any named point, and a start, everything is there once', {
  concurrency: 2,
}, () => {
  for (const point of points) {
    test(`killed at ${point}`, async (t) => {
      const yard = await startYard(t, {
        configuration: echoConfiguration(hyperparameters),
        postgres: 'shared',
        variables: { TRAINYARD_CRASH_AT: point },
      })
      const drive = async () => {
        const dataset = await persistently(() => postDataset(yard, datasetOf('crash')))
        await publish(yard, botUpdated('bot-1', dataset, 1))
        await eventually(() => championOf(yard, 'bot-1'))
      }
      // The client does not know that the server dies under it: it goes on asking, and the start below answers.
      const driven = drive()
      const end = await Promise.race([yard.ended, driven.then(() => 'not reached')])
      assert.equal(end, 'SIGKILL')
      reached.add(point)
      await yard.start({ TRAINYARD_CRASH_AT: '' })
      await driven

      const champion = await championOf(yard, 'bot-1')
      assert.equal(champion?.sequence, 1)
      const sums = await eventually(async () => {
        const now = await sumsOf(yard)
        return now.waiting === 0 && now
      })
      assert.deepEqual({ ...sums }, { ...sums, received: 1, launched: 1, balanced: true })
      const { runs } = await yard.get<{ runs: { run: string }[] }>('/runs')
      assert.equal(runs.length, 1)
      const attempts = await yard.get<{ attempt: string; outcome: string | null }[]>(`/runs/${champion?.run}/attempts`)
      const done = attempts.filter(({ outcome }) => outcome === 'done')
      assert.equal(done.length, 1)
      const log = await (await yard.call(`/runs/${champion?.run}/logs?attempt=${done[0]?.attempt}`)).text()
      assert.deepEqual(log.match(/slept \d+ of 150 ms/g), expectedLines)
    })
  }

  test('killed with the embedded PostgreSQL: the orphaned server is found and used', async (t) => {
    const yard = await startYard(t, { configuration: echoConfiguration(hyperparameters) })
    const dataset = await postDataset(yard, datasetOf('crash'))
    await publish(yard, botUpdated('bot-1', dataset, 1))
    await yard.kill('SIGKILL')
    await yard.start()
    await eventually(() => championOf(yard, 'bot-1'))
    assert.equal((await sumsOf(yard)).balanced, true)
  })

  after(() => assert.deepEqual([...reached].sort(), [...points].sort()))
})
