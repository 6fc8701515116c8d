import assert from 'node:assert/strict'
import { test } from 'node:test'
import { points } from '../../services/promoter/points.ts'
import { botUpdated, championOf, datasetOf, postDataset, publish } from '../chain/bot.ts'
import { startAgain } from '../chain/kills.ts'
import { configurationOf, jobTypeOf } from '../chain/misbehaviour.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard, type Yard } from '../harness/yard.ts'

type Run = { run: string; verdict: { state: string } | null; story: { type: string }[] }

const pointsOf = (stem: string): readonly string[] => points.filter((name) => name.startsWith(stem))
const [decisions, expiries] = [pointsOf('promoter.decision.'), pointsOf('promoter.expiry.')]
/** Every model is held, for so long. */
const heldFor = (heldExpiresAfterSeconds: number) =>
  jobTypeOf({ told: {}, jobType: { promotion: { minimumExamRows: 1000, heldExpiresAfterSeconds } } })
// An event trains the job type that is named as its bot.
const configuration = configurationOf({ decided: heldFor(3_600), expiring: heldFor(0) })

async function onlyRun(yard: Yard, bot: string): Promise<Run> {
  const { runs } = await yard.get<{ runs: { run: string }[] }>(`/runs?bot=${bot}`)
  assert.equal(runs.length, 1)
  return await yard.get<Run>(`/runs/${runs[0]?.run}`)
}

/** The only run of the bot, once the last word on its model is this one. */
const judgedAs = (yard: Yard, bot: string, state: string): Promise<Run> =>
  eventually(async () => {
    const run = await onlyRun(yard, bot)
    return run.verdict?.state === state && run
  })

/** How often each was told of the bot, once all of them were: they come by several topics, in any order. */
const allTold = (yard: Yard, bot: string, ...types: string[]): Promise<number[]> =>
  eventually(async () => {
    const { story } = await onlyRun(yard, bot)
    const counts = types.map((type) => story.filter((entry) => entry.type === type).length)
    return counts.every((count) => count > 0) && counts
  })

test('I4, I6: after kill -9 and a start, what the promoter did by hand or by limit is there once', async (t) => {
  const chain = [...decisions, ...expiries]
  const yard = await startYard(t, {
    configuration,
    postgres: 'shared',
    variables: { TRAINYARD_CRASH_AT: `${chain[0]}` },
  })
  const dataset = await postDataset(yard, datasetOf('held'))
  /** Each start is killed at the next point. */
  const killedAt = async (point: string): Promise<void> => {
    assert.equal(await yard.ended, 'SIGKILL')
    await startAgain(yard, chain[chain.indexOf(point) + 1] ?? '')
  }

  await t.test(`an approval killed at ${decisions.join(', then at ')}, and sent again`, async () => {
    await publish(yard, botUpdated('decided', dataset, 1))
    const { run } = await judgedAs(yard, 'decided', 'held')
    const decision = { actor: 'ada', reason: 'I looked at it', championSequence: 0 }
    const approve = () => yard.post<{ state: string }>(`/runs/${run}/approve`, decision)
    for (const point of decisions) {
      await assert.rejects(approve())
      await killedAt(point)
    }
    assert.equal((await approve()).state, 'promoted')
    await judgedAs(yard, 'decided', 'promoted')
    assert.deepEqual(await allTold(yard, 'decided', 'model.promoted', 'model.ready'), [1, 1])
    const champion = await championOf(yard, 'decided')
    assert.deepEqual([champion?.sequence, champion?.run], [1, run])
  })

  await t.test(`the end of a held model killed at ${expiries.join(', then at ')}`, async () => {
    await publish(yard, botUpdated('expiring', dataset, 1))
    for (const point of expiries) await killedAt(point)
    await judgedAs(yard, 'expiring', 'expired')
    assert.deepEqual(await allTold(yard, 'expiring', 'model.held', 'model.rejected'), [1, 1])
  })
})
