import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { points } from '../../services/promoter/points.ts'
import {
  botUpdated,
  championOf,
  datasetOf,
  echoConfiguration,
  persistently,
  postDataset,
  publish,
} from '../chain/bot.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard, type Yard } from '../harness/yard.ts'

type Run = { run: string; verdict: { state: string } | null; story: { type: string }[] }

/** Services that kill themselves at a point, and whose every model is held, for so long. */
async function startHolding(t: TestContext, point: string, heldExpiresAfterSeconds: number): Promise<Yard> {
  const promotion = `promotion: { minimumExamRows: 1000, heldExpiresAfterSeconds: ${heldExpiresAfterSeconds} }`
  const configuration = echoConfiguration().replace(/promotion: .*/, promotion)
  return await startYard(t, { configuration, postgres: 'shared', variables: { TRAINYARD_CRASH_AT: point } })
}

async function publishOne(yard: Yard): Promise<void> {
  const dataset = await persistently(() => postDataset(yard, datasetOf('held')))
  await publish(yard, botUpdated('bot-1', dataset, 1))
}

async function onlyRun(yard: Yard): Promise<Run> {
  const { runs } = await yard.get<{ runs: { run: string }[] }>('/runs')
  assert.equal(runs.length, 1)
  return await yard.get<Run>(`/runs/${runs[0]?.run}`)
}

/** The only run, once the last word on its model is this one. */
const judgedAs = (yard: Yard, state: string): Promise<Run> =>
  eventually(async () => {
    const run = await onlyRun(yard)
    return run.verdict?.state === state && run
  })

async function startAgain(yard: Yard): Promise<void> {
  assert.equal(await yard.ended, 'SIGKILL')
  await yard.start({ TRAINYARD_CRASH_AT: '' })
}

/** How often each was told, once all of them were: they come by several topics, in any order. */
const allTold = (yard: Yard, ...types: string[]): Promise<number[]> =>
  eventually(async () => {
    const { story } = await onlyRun(yard)
    const counts = types.map((type) => story.filter((entry) => entry.type === type).length)
    return counts.every((count) => count > 0) && counts
  })

describe('I4, I6: after kill -9 and a start, what the promoter did by hand or by limit is there once', {
  concurrency: 2,
}, () => {
  for (const point of points.filter((name) => name.startsWith('promoter.decision.'))) {
    test(`an approval killed at ${point} and sent again`, async (t) => {
      const yard = await startHolding(t, point, 3_600)
      await publishOne(yard)
      const { run } = await judgedAs(yard, 'held')
      const decision = { actor: 'ada', reason: 'I looked at it', championSequence: 0 }
      const approve = () => yard.post<{ state: string }>(`/runs/${run}/approve`, decision)
      await assert.rejects(approve())
      await startAgain(yard)
      assert.equal((await approve()).state, 'promoted')
      await judgedAs(yard, 'promoted')
      assert.deepEqual(await allTold(yard, 'model.promoted', 'model.ready'), [1, 1])
      const champion = await championOf(yard, 'bot-1')
      assert.deepEqual([champion?.sequence, champion?.run], [1, run])
    })
  }

  for (const point of points.filter((name) => name.startsWith('promoter.expiry.'))) {
    test(`the end of a held model killed at ${point}`, async (t) => {
      const yard = await startHolding(t, point, 0)
      await publishOne(yard)
      await startAgain(yard)
      await judgedAs(yard, 'expired')
      assert.deepEqual(await allTold(yard, 'model.held', 'model.rejected'), [1, 1])
    })
  }
})
