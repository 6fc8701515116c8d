import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { points as evaluatorPoints } from '../../services/evaluator/points.ts'
import { points as intakePoints } from '../../services/intake/points.ts'
import { points as launcherPoints } from '../../services/launcher/points.ts'
import { points as promoterPoints } from '../../services/promoter/points.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'
import { botUpdated, championOf, datasetOf, echoConfiguration, postDataset, publish, sumsOf } from './bot.ts'
import { hyperparameters, killedAtEach, killedAtStartOfWaiting, startOfWaiting, trainedOnce } from './kills.ts'

/** Places in kit: after a service has handled a batch, and between publishing and marking it. */
const kitPoints = [
  'launcher.handled',
  'intake-runs.handled',
  'evaluator.handled',
  'promoter.handled',
  'console.handled',
  'relay.published',
]

/** Not on the way of a first, untroubled training: with debounce or a slot to wait for, below, or tested beside its service. */
const elsewhere =
  /^(intake\.request\.claimed|launcher\.queue\.started|launcher\.attempt\.ended|promoter\.(decision|expiry)\..*)$/

const points = [...intakePoints, ...launcherPoints, ...evaluatorPoints, ...promoterPoints, ...kitPoints].filter(
  (point) => !elsewhere.test(point),
)

/** The fewest that are allowed: each of the many starts opens as many as it may, and that is a good part of its time. */
const fewConnections = { TRAINYARD_DATABASE_CONNECTIONS: '4' }

describe('I1, I4, I5, I7: after kill -9 at any named point, and a start, everything is there once', {
  concurrency: 2,
}, () => {
  // Two services' lives side by side; each start that recovers from one kill is killed at the next point.
  for (const parity of [0, 1]) {
    const chain = points.filter((_, index) => index % 2 === parity)
    test(`in a life that begins with a kill at ${chain[0]} and has ${chain.length} of them`, async (t) => {
      const yard = await startYard(t, {
        configuration: echoConfiguration(hyperparameters),
        postgres: 'shared',
        variables: { ...fewConnections, TRAINYARD_CRASH_AT: chain[0] ?? '' },
      })
      const bots = await killedAtEach(t, yard, chain)
      const sums = await eventually(async () => {
        const now = await sumsOf(yard)
        return now.waiting === 0 && now
      })
      assert.deepEqual({ ...sums }, { ...sums, received: bots.length, launched: bots.length, balanced: true })
      for (const bot of bots) await t.test(`${bot} was trained once`, () => trainedOnce(yard, bot))
    })
  }

  test('killed at intake.request.claimed, where the request waited until it was quiet', async (t) => {
    const yard = await startYard(t, {
      configuration: echoConfiguration(hyperparameters).replace(
        'slots: 4',
        'slots: 4\n    debounce: { quietSeconds: 0.2 }',
      ),
      postgres: 'shared',
      variables: { ...fewConnections, TRAINYARD_CRASH_AT: 'intake.request.claimed' },
    })
    assert.deepEqual(await killedAtEach(t, yard, ['intake.request.claimed']), ['bot-1'])
    await trainedOnce(yard, 'bot-1')
    assert.equal((await sumsOf(yard)).balanced, true)
  })

  test(`killed at ${startOfWaiting}, where a run waited for its slot`, async (t) => {
    const yard = await startYard(t, {
      configuration: echoConfiguration(hyperparameters).replace('slots: 4', 'slots: 1'),
      postgres: 'shared',
      variables: { ...fewConnections, TRAINYARD_CRASH_AT: startOfWaiting },
    })
    await killedAtStartOfWaiting(yard)
    assert.equal((await sumsOf(yard)).balanced, true)
  })

  test('killed with the embedded PostgreSQL: the orphaned server is found and used', async (t) => {
    const yard = await startYard(t, { configuration: echoConfiguration(hyperparameters) })
    const dataset = await postDataset(yard, datasetOf('crash'))
    await publish(yard, botUpdated('bot-1', dataset, 1))
    await yard.kill('SIGKILL')
    await yard.start()
    await eventually(() => championOf(yard, 'bot-1'))
    assert.equal((await sumsOf(yard)).balanced, true)
  })
})
