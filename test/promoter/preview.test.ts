import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PromotionPolicy } from '../../schemas/job-type.ts'
import {
  better,
  deliver,
  doubtful,
  get,
  judgeAll,
  openPromoter,
  person,
  post,
  runOf,
  withChampion,
  worse,
} from './yard.ts'

describe('verdicts given again', () => {
  test('I8: over the whole history, stored evaluation, policy and facts give the verdict that was given', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(
      kit,
      { generation: 2, intents: doubtful },
      { generation: 3, intents: worse },
      { generation: 4, intents: better, policy: { whenUndecided: 'hold', confidence: 0.99 } },
      { generation: 5, intents: better, championSequence: 1 },
    )
    await post(kit, '/bots/bot-1/rollback', { ...person, championSequence: 2 })
    await judgeAll(kit, { generation: 6, intents: better, championSequence: 3 })

    const { status, body } = await post(kit, '/verdicts/preview', {})
    assert.equal(status, 200)
    assert.deepEqual(
      body.map(({ generation, was }: Record<string, unknown>) => [generation, was]),
      [
        [6, 'hold'],
        [5, 'hold'],
        [4, 'promote'],
        [3, 'reject'],
        [2, 'hold'],
        [1, 'promote'],
      ],
    )
    for (const { run, verdict, rule, reasons, was } of body) {
      assert.equal(verdict, was)
      const stored = await get(kit, `/verdicts/${run}`)
      assert.deepEqual({ verdict, rule, reasons }, stored.verdict)
    }
  })

  test('another policy shows what it would have said, of one run or of all, and changes nothing', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful })
    const policy = PromotionPolicy.parse({ margin: 0.1 })
    const one = await post(kit, '/verdicts/preview', { policy, run: runOf(2) })
    assert.deepEqual([one.body.length, one.body[0].was, one.body[0].verdict], [1, 'hold', 'promote'])
    const strict = await post(kit, '/verdicts/preview', { policy: { minimumAccuracy: 1 } })
    assert.deepEqual(
      strict.body.map(({ verdict }: Record<string, unknown>) => verdict),
      ['reject', 'reject'],
    )
    assert.equal((await get(kit, `/verdicts/${runOf(2)}`)).state, 'held')
    assert.equal((await post(kit, '/verdicts/preview', { run: runOf(9) })).status, 404)
    await deliver(kit, { generation: 3, intents: better })
    const early = await post(kit, '/verdicts/preview', { run: runOf(3) })
    assert.equal(early.status, 409)
    assert.match(early.body.error.message, /still to come/)
    assert.equal((await post(kit, '/verdicts/preview', { policy: { margin: 7 } })).status, 422)
  })

  test('an evaluation that is no longer stored hides no other: of it nothing can be said but that', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: worse })
    const { document } = await get(kit, `/verdicts/${runOf(2)}`)
    await kit.blobs.remove([document])
    const { status, body } = await post(kit, '/verdicts/preview', {})
    assert.equal(status, 200)
    assert.deepEqual(
      body.map(({ was, verdict, rule }: Record<string, unknown>) => [was, verdict, rule]),
      [
        ['reject', 'hold', 'measured'],
        ['promote', 'promote', 'firstModel'],
      ],
    )
  })

  test('the history is read in pages, the newest first, as far as asked', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    const many = Array.from({ length: 120 }, (_, index) => ({ generation: index + 2, intents: worse }))
    await judgeAll(kit, ...many)
    const { body } = await post(kit, '/verdicts/preview', { limit: 110 })
    assert.deepEqual(
      body.map(({ generation }: Record<string, unknown>) => generation),
      Array.from({ length: 110 }, (_, index) => 121 - index),
    )
    assert.deepEqual((await post(kit, '/verdicts/preview', { before: runOf(999) })).body, [])
    const rest = await post(kit, '/verdicts/preview', { limit: 110, before: body.at(-1).run })
    assert.deepEqual(
      rest.body.map(({ generation }: Record<string, unknown>) => generation),
      Array.from({ length: 11 }, (_, index) => 11 - index),
    )
  })
})
