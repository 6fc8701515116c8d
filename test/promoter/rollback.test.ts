import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { digestOf } from '../../schemas/words.ts'
import type { TestKit } from '../harness/kit.ts'
import {
  better,
  evaluated,
  get,
  judgeAll,
  keyOf,
  openPromoter,
  person,
  post,
  readyEvents,
  requested,
  runOf,
  stateOf,
  weightsOf,
  withChampion,
  withThreeChampions,
  work,
} from './yard.ts'

describe('a rollback', () => {
  test('I4: is a new champion with the next sequence: the earlier model, the actor and the reason', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: better })
    const { status, body } = await post(kit, '/bots/bot-1/rollback', { ...person, championSequence: 2 })
    assert.equal(status, 200)
    assert.deepEqual([body.championSequence, body.champion.run, body.champion.actor], [3, runOf(1), 'ada'])
    const ready = (await readyEvents(kit)).at(-1)
    assert.deepEqual(
      [ready?.sequence, ready?.generation, ready?.run, ready?.replaces?.run, ready?.decidedBy, ready?.reason],
      [3, 1, runOf(1), runOf(2), 'person', person.reason],
    )
  })

  test('I3: raises the fence to the highest generation issued, so that what is still running is only held', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: better })
    await kit.deliver([{ name: 'training.requested', data: requested(3, Date.now()) }])
    const { body } = await post(kit, '/bots/bot-1/rollback', { ...person, championSequence: 2, pin: false })
    assert.deepEqual([body.fence, body.pin], [3, null])

    await judgeAll(kit, { generation: 3, intents: better, championSequence: 3 })
    const held = await get(kit, `/verdicts/${runOf(3)}`)
    assert.deepEqual([held.state, held.verdict.rule], ['held', 'fence'])

    await judgeAll(kit, { generation: 4, intents: better, championSequence: 3 })
    assert.equal(await stateOf(kit, runOf(4)), 'promoted')
    assert.equal(await stateOf(kit, runOf(3)), 'overtaken')
  })

  test('I3: a generation requested before the rollback falls below the fence even where its request is heard of later', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: better })
    const before = Date.now() - 1_000
    await post(kit, '/bots/bot-1/rollback', { ...person, championSequence: 2, pin: false })
    await kit.deliver([{ name: 'training.requested', data: requested(3, before) }])
    assert.equal((await keyOf(kit)).fence, 3)
    await kit.deliver([{ name: 'training.requested', data: requested(4, Date.now() + 60_000) }])
    const key = await keyOf(kit)
    assert.deepEqual([key.fence, key.highestGeneration], [3, 4])
  })

  describe('a model whose evaluation is heard of before its own request, after a rollback,', () => {
    async function evaluatedUnrequested(t: TestContext) {
      const kit = await openPromoter(t)
      await withChampion(kit)
      await judgeAll(kit, { generation: 2, intents: better })
      const before = Date.now() - 1_000
      await post(kit, '/bots/bot-1/rollback', { ...person, championSequence: 2, pin: false })
      const data = await evaluated(kit, { generation: 3, intents: better, championSequence: 3 })
      await kit.deliver([{ name: 'model.evaluated', data }])
      await work(kit)
      assert.equal(await stateOf(kit, runOf(3)), 'evaluated')
      return { kit, before }
    }
    const ruleOf = async (kit: TestKit) => {
      const { state, verdict } = await get(kit, `/verdicts/${runOf(3)}`)
      return [state, verdict.rule]
    }

    test('waits for it, and is judged as any where it was requested afterwards', async (t) => {
      const { kit } = await evaluatedUnrequested(t)
      await kit.deliver([{ name: 'training.requested', data: requested(3, Date.now() + 60_000) }])
      await work(kit)
      assert.equal(await stateOf(kit, runOf(3)), 'promoted')
    })

    test('I3: is only held where it was requested before', async (t) => {
      const { kit, before } = await evaluatedUnrequested(t)
      await kit.deliver([{ name: 'training.requested', data: requested(3, before) }])
      await work(kit)
      assert.deepEqual(await ruleOf(kit), ['held', 'fence'])
      assert.equal((await keyOf(kit)).champion.run, runOf(1))
    })

    test('I3, I6: is only held where nobody hears of its request in time', async (t) => {
      const { kit } = await evaluatedUnrequested(t)
      await kit.database.execute("update promoter.models set due_at = now() where state = 'evaluated'")
      await work(kit)
      assert.deepEqual(await ruleOf(kit), ['held', 'fence'])
      assert.equal((await keyOf(kit)).fence, 3)
    })
  })

  test('and an unpin whose answers were lost are sent again: answered as before, and done once', async (t) => {
    const kit = await openPromoter(t)
    await withThreeChampions(kit)
    for (const [wanted, seen, run] of [
      [{}, 3, runOf(2)],
      [{ run: runOf(1) }, 4, runOf(1)],
      [{ sequence: 3 }, 5, runOf(3)],
    ] as const) {
      const roll = (more: object = {}) =>
        post(kit, '/bots/bot-1/rollback', { ...person, ...wanted, championSequence: seen, ...more })
      for (const { status, body } of [await roll(), await roll()]) {
        assert.deepEqual([status, body.champion.run, body.championSequence], [200, run, seen + 1])
      }
      assert.equal((await roll({ actor: 'grace' })).status, 409)
    }
    // The same words against the same champion, and another model: that is another decision.
    assert.equal((await post(kit, '/bots/bot-1/rollback', { ...person, sequence: 1, championSequence: 5 })).status, 409)
    const unpin = () => post(kit, '/bots/bot-1/unpin', { ...person, championSequence: 6 })
    assert.deepEqual([(await unpin()).status, (await unpin()).status], [200, 200])
    const { decisions } = await keyOf(kit)
    assert.deepEqual(
      decisions.map(({ action }: { action: string }) => action),
      ['unpin', 'rollback', 'rollback', 'rollback'],
    )
  })

  test('to a model whose files are gone is refused, and nothing has changed', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: better })
    await kit.blobs.remove([digestOf(weightsOf(runOf(1)))])
    const { status, body } = await post(kit, '/bots/bot-1/rollback', { ...person, championSequence: 2 })
    assert.deepEqual([status, body.error.code], [410, 'gone'])
    const key = await keyOf(kit)
    assert.deepEqual([key.championSequence, key.pin, key.decisions], [2, null, []])
  })

  test('pins the key: machines only hold, until a person unpins it', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: better })
    const { body } = await post(kit, '/bots/bot-1/rollback', { ...person, championSequence: 2 })
    assert.deepEqual([body.pin.actor, body.pin.reason], ['ada', person.reason])
    await judgeAll(kit, { generation: 3, intents: better, championSequence: 3 })
    assert.equal((await get(kit, `/verdicts/${runOf(3)}`)).verdict.rule, 'pin')

    const unpinned = await post(kit, '/bots/bot-1/unpin', { actor: 'grace', reason: 'fixed' })
    assert.deepEqual([unpinned.status, unpinned.body.pin], [200, null])
    await judgeAll(kit, { generation: 4, intents: better, championSequence: 3 })
    assert.equal(await stateOf(kit, runOf(4)), 'promoted')
    assert.deepEqual(
      (await keyOf(kit)).decisions.map(({ action, actor }: Record<string, unknown>) => `${action} ${actor}`),
      ['unpin grace', 'rollback ada'],
    )
    assert.equal((await post(kit, '/bots/bot-1/unpin', { actor: 'grace', reason: 'again' })).status, 409)
  })

  test('a person may approve what the pin holds, and the pin stays', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: better })
    await post(kit, '/bots/bot-1/rollback', { ...person, championSequence: 2 })
    await judgeAll(kit, { generation: 3, intents: better, championSequence: 3 })
    const { status } = await post(kit, `/runs/${runOf(3)}/approve`, { ...person, championSequence: 3 })
    assert.equal(status, 200)
    const key = await keyOf(kit)
    assert.deepEqual([key.championSequence, key.champion.run, key.pin.actor], [4, runOf(3), 'ada'])
  })

  test('goes to any earlier promoted model, by its run or its sequence, and to no other', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(
      kit,
      { generation: 2, intents: better, championSequence: 1 },
      { generation: 3, intents: better, championSequence: 2 },
      { generation: 4, intents: { a: { rows: 400, won: 0, lost: 90 } }, championSequence: 3 },
    )
    const roll = (wanted: object, championSequence: number) =>
      post(kit, '/bots/bot-1/rollback', { ...person, ...wanted, championSequence })
    assert.equal((await roll({ run: runOf(4) }, 3)).status, 409)
    assert.equal((await roll({ sequence: 9 }, 3)).status, 409)
    assert.equal((await roll({ run: runOf(3) }, 3)).status, 409)
    assert.equal((await roll({ run: runOf(1), sequence: 1 }, 3)).status, 422)
    assert.equal((await roll({ run: runOf(1) }, 2)).status, 409)
    assert.equal((await roll({ run: runOf(1) }, 3)).body.champion.run, runOf(1))
    // The same words about a model that never was: not the decision whose answer was lost.
    assert.equal((await roll({ sequence: 9 }, 3)).status, 409)
    assert.equal((await roll({ sequence: 2 }, 4)).body.champion.run, runOf(2))
    // Without a word: the model before this one.
    assert.equal((await roll({}, 5)).body.champion.run, runOf(1))
    assert.deepEqual(
      (await readyEvents(kit)).map(({ sequence }) => sequence),
      [1, 2, 3, 4, 5, 6],
    )
  })

  test('without a word goes further back each time, and never to what an earlier one threw out', async (t) => {
    const kit = await openPromoter(t)
    await withThreeChampions(kit)
    const roll = (championSequence: number, wanted: object = {}) =>
      post(kit, '/bots/bot-1/rollback', { ...person, ...wanted, championSequence, pin: false })
    const runAfter = async (championSequence: number, wanted: object = {}) =>
      (await roll(championSequence, wanted)).body.champion.run
    assert.equal(await runAfter(3), runOf(2))
    assert.equal(await runAfter(4), runOf(1))
    const { status, body } = await roll(5)
    assert.equal(status, 409)
    assert.match(body.error.message, /no earlier model/)

    // Forward again by its name, and back from there to what it replaced.
    assert.equal(await runAfter(5, { run: runOf(3) }), runOf(3))
    assert.equal(await runAfter(6), runOf(1))
    // What machines promote since is gone back from as ever.
    await judgeAll(kit, { generation: 4, intents: better, championSequence: 7 })
    assert.equal(await stateOf(kit, runOf(4)), 'promoted')
    assert.equal(await runAfter(8), runOf(1))
  })

  test('of a bot that has no earlier model, or is not known, says so', async (t) => {
    const kit = await openPromoter(t)
    assert.equal((await post(kit, '/bots/nobody/rollback', { ...person, championSequence: 0 })).status, 404)
    await withChampion(kit)
    const { status, body } = await post(kit, '/bots/bot-1/rollback', { ...person, championSequence: 1 })
    assert.equal(status, 409)
    assert.match(body.error.message, /no earlier model/)
  })
})
