import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { points as evaluatorPoints } from '../../services/evaluator/points.ts'
import { points as intakePoints } from '../../services/intake/points.ts'
import { points as launcherPoints } from '../../services/launcher/points.ts'
import { points as promoterPoints } from '../../services/promoter/points.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard, type Yard } from '../harness/yard.ts'
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

/** Places in kit: after a service has handled a batch, and between publishing and marking it. */
const kitPoints = [
  'launcher.handled',
  'intake-runs.handled',
  'evaluator.handled',
  'promoter.handled',
  'console.handled',
  'relay.published',
]

/** Not on the way of a first, untroubled training: with debounce, below, or tested beside its service. */
const elsewhere = /^(intake\.request\.claimed|launcher\.attempt\.ended|promoter\.(decision|expiry)\..*)$/

const points = [...intakePoints, ...launcherPoints, ...evaluatorPoints, ...promoterPoints, ...kitPoints].filter(
  (point) => !elsewhere.test(point),
)

// Ten lines, one every few milliseconds, so that a lost or doubled one shows.
const hyperparameters = { sleepMs: 150 }
/** One training may last from the first kill to the last one. */
const lifeMs = 180_000
const expectedLines = Array.from({ length: 10 }, (_, index) => `slept ${(index + 1) * 15} of 150 ms`)

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
        variables: { TRAINYARD_CRASH_AT: chain[0] ?? '' },
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
      variables: { TRAINYARD_CRASH_AT: 'intake.request.claimed' },
    })
    assert.deepEqual(await killedAtEach(t, yard, ['intake.request.claimed']), ['bot-1'])
    await trainedOnce(yard, 'bot-1')
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

/** Trains one bot after another until the services were killed at every point of the chain; resolves to the bots. */
async function killedAtEach(t: TestContext, yard: Yard, chain: readonly string[]): Promise<string[]> {
  const bots: string[] = []
  let driven: Promise<unknown> = Promise.resolve()
  const driveNext = () => {
    const bot = `bot-${bots.length + 1}`
    bots.push(bot)
    // The client does not know that the server dies under it: it goes on asking, and the next start answers.
    driven = driven.then(async () => {
      const dataset = await persistently(() => postDataset(yard, datasetOf(bot)))
      await publish(yard, botUpdated(bot, dataset, 1))
      await eventually(() => championOf(yard, bot), { timeoutMs: lifeMs })
    })
    // Said by whoever awaits it below; until then it is nobody's.
    driven.catch(() => {})
  }
  for (const [index, point] of chain.entries()) {
    await t.test(`killed at ${point}`, async () => {
      // What the last kill left undone may lead to this point by itself; if not, a new bot does.
      let end = await Promise.race([yard.ended, driven.then(() => 'not reached')])
      if (end === 'not reached') {
        driveNext()
        end = await Promise.race([yard.ended, driven.then(() => 'not reached')])
      }
      assert.equal(end, 'SIGKILL')
      await startAgain(yard, chain[index + 1] ?? '')
    })
  }
  await driven
  return bots
}

/** What is left over may be taken up, and lead to the next point, before the start is over. */
async function startAgain(yard: Yard, crashAt: string): Promise<void> {
  try {
    await yard.start({ TRAINYARD_CRASH_AT: crashAt })
  } catch (error) {
    if ((await yard.ended) !== 'SIGKILL') throw error
  }
}

async function trainedOnce(yard: Yard, bot: string): Promise<void> {
  const champion = await championOf(yard, bot)
  assert.equal(champion?.sequence, 1)
  const { runs } = await yard.get<{ runs: { run: string }[] }>(`/runs?bot=${bot}`)
  assert.equal(runs.length, 1)
  const attempts = await yard.get<{ attempt: string; outcome: string | null }[]>(`/runs/${champion?.run}/attempts`)
  const done = attempts.filter(({ outcome }) => outcome === 'done')
  assert.equal(done.length, 1)
  const log = await (await yard.call(`/runs/${champion?.run}/logs?attempt=${done[0]?.attempt}`)).text()
  assert.deepEqual(log.match(/slept \d+ of 150 ms/g), expectedLines)
}
