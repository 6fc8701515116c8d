import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { digestOf } from '../../schemas/words.ts'
import { unavailable } from '../../services/kit/errors.ts'
import { promoter } from '../../services/promoter/main.ts'
import { testDatabase } from '../harness/database.ts'
import {
  better,
  deliver,
  doubtful,
  get,
  judgeAll,
  keyOf,
  openPromoter,
  person,
  post,
  readyEvents,
  runOf,
  said,
  stateOf,
  weightsOf,
  withChampion,
  work,
} from './yard.ts'

describe('a person decides about a held model', () => {
  test('approve puts it in force, with the next sequence, the actor and the reason', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful })
    const { status, body } = await post(kit, `/runs/${runOf(2)}/approve`, { ...person, championSequence: 1 })
    assert.equal(status, 200)
    assert.deepEqual(
      [body.state, body.decidedBy, body.actor, body.reason],
      ['promoted', 'person', 'ada', person.reason],
    )
    assert.equal(body.verdict.verdict, 'hold')
    const ready = (await readyEvents(kit)).at(-1)
    assert.deepEqual([ready?.sequence, ready?.run, ready?.decidedBy, ready?.actor], [2, runOf(2), 'person', 'ada'])
    const key = await keyOf(kit)
    assert.equal(key.fence, 2)
    assert.deepEqual(
      key.decisions.map(({ action, actor, championSequence }: Record<string, unknown>) => [
        action,
        actor,
        championSequence,
      ]),
      [['approve', 'ada', 1]],
    )
  })

  test('reject ends it, and the champion stays', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful })
    const { status, body } = await post(kit, `/runs/${runOf(2)}/reject`, { ...person, championSequence: 1 })
    assert.deepEqual([status, body.state, body.actor], [200, 'rejected', 'ada'])
    assert.equal((await said(kit)).at(-1), `model.rejected ${runOf(2)}`)
    assert.equal((await keyOf(kit)).champion.run, runOf(1))
  })

  test('a decision made against another champion gets 409 and the new facts, and changes nothing', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 3, intents: doubtful }, { generation: 2, intents: better })
    const before = await said(kit)
    const { status, body } = await post(kit, `/runs/${runOf(3)}/approve`, { ...person, championSequence: 1 })
    assert.equal(status, 409)
    assert.match(body.error.message, /made against number 1, in force is number 2/)
    assert.equal(body.error.details.championSequence, 2)
    assert.equal(body.error.details.champion.run, runOf(2))
    assert.deepEqual(await said(kit), before)
    assert.equal(await stateOf(kit, runOf(3)), 'held')
  })

  test('a model that is not held, or not known, cannot be decided about', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    const promoted = await post(kit, `/runs/${runOf(1)}/approve`, { ...person, championSequence: 1 })
    assert.equal(promoted.status, 409)
    assert.match(promoted.body.error.message, /is promoted: only a held model/)
    await judgeAll(kit, { generation: 2, intents: doubtful }, { generation: 3, intents: better })
    const overtaken = await post(kit, `/runs/${runOf(2)}/approve`, { ...person, championSequence: 2 })
    assert.equal(overtaken.status, 409)
    assert.match(overtaken.body.error.message, /is overtaken: only a held model/)
    const unknown = await post(kit, `/runs/${runOf(9)}/reject`, { ...person, championSequence: 1 })
    assert.equal(unknown.status, 404)
  })

  test('killed before the commit, it has not happened, and can be made again', async (t) => {
    let crash = true
    const kit = await openPromoter(t, {
      async point(name) {
        if (name !== 'promoter.decision.said' || !crash) return
        crash = false
        throw unavailable('the connection broke')
      },
    })
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful })
    const before = await said(kit)
    const approve = () => post(kit, `/runs/${runOf(2)}/approve`, { ...person, championSequence: 1 })
    assert.equal((await approve()).status, 503)
    assert.deepEqual(await said(kit), before)
    assert.equal(await stateOf(kit, runOf(2)), 'held')
    assert.equal((await approve()).status, 200)
    assert.deepEqual((await keyOf(kit)).decisions.length, 1)
  })

  test('a decision whose answer was lost is sent again: it is answered as before, and happens once', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful }, { generation: 3, intents: doubtful })
    const decide = (run: string, decision: object) =>
      post(kit, `/runs/${run}/${run === runOf(3) ? 'approve' : 'reject'}`, {
        ...person,
        championSequence: 1,
        ...decision,
      })
    for (const [run, state] of [[runOf(2), 'rejected'] as const, [runOf(3), 'promoted'] as const]) {
      assert.deepEqual((await decide(run, {})).body.state, state)
      const before = await said(kit)
      const again = await decide(run, {})
      assert.deepEqual([again.status, again.body.state], [200, state])
      assert.equal((await decide(run, { actor: 'grace' })).status, 409)
      assert.equal((await decide(run, { reason: 'another one' })).status, 409)
      assert.deepEqual(await said(kit), before)
    }
    assert.equal((await keyOf(kit)).decisions.length, 2)
  })

  test('a model whose files are gone is not put in force: nobody could load it', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful })
    await kit.blobs.remove([digestOf(weightsOf(runOf(2)))])
    const { status, body } = await post(kit, `/runs/${runOf(2)}/approve`, { ...person, championSequence: 1 })
    assert.equal(status, 410)
    assert.match(body.error.message, /^the model of run-\S+ cannot be put in force: .*weights/)
    assert.equal(await stateOf(kit, runOf(2)), 'held')
    assert.deepEqual((await keyOf(kit)).decisions, [])
    assert.equal((await post(kit, `/runs/${runOf(2)}/reject`, { ...person, championSequence: 1 })).status, 200)
  })

  test('a decision without actor or reason is refused', async (t) => {
    const kit = await openPromoter(t)
    for (const payload of [
      { reason: 'because', championSequence: 1 },
      { actor: 'ada', championSequence: 1 },
      { ...person, actor: '  ', championSequence: 1 },
      { ...person },
      { ...person, championSequence: 1, reason: 'NUL\0' },
    ]) {
      assert.equal((await post(kit, `/runs/${runOf(1)}/approve`, payload)).status, 422)
    }
  })

  test('I4: two people who approve different models at the same time: one is first, the other hears of it', async (t) => {
    const database = await testDatabase(t, [promoter])
    const [kit, other] = [await openPromoter(t, { database }), await openPromoter(t, { database })]
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful }, { generation: 3, intents: doubtful })
    const decision = { ...person, championSequence: 1 }
    const answers = await Promise.all([
      post(kit, `/runs/${runOf(2)}/approve`, decision),
      post(other, `/runs/${runOf(3)}/approve`, decision),
    ])
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409])
    assert.deepEqual(
      (await readyEvents(kit)).map(({ sequence }) => sequence),
      [1, 2],
    )
  })

  test('I3, I4: an approval that races an automatic promotion: never two champions with one sequence', async (t) => {
    const database = await testDatabase(t, [promoter])
    const [kit, other] = [await openPromoter(t, { database }), await openPromoter(t, { database })]
    for (let round = 0; round < 8; round += 1) {
      const bot = `bot-${round}`
      await withChampion(kit, bot)
      await judgeAll(kit, { bot, generation: 2, intents: doubtful })
      await deliver(kit, { bot, generation: 3, intents: better })
      const [answer] = await Promise.all([
        post(kit, `/runs/${runOf(2, bot)}/approve`, { ...person, championSequence: 1 }),
        work(other),
      ])
      const ready = (await readyEvents(kit)).filter((event) => event.bot === bot)
      assert.deepEqual(
        ready.map(({ sequence }) => sequence),
        [1, 2],
      )
      const late = await get(kit, `/verdicts/${runOf(3, bot)}`)
      if (answer.status === 200) {
        // The person was first: the machine's model met another champion than it was compared with.
        assert.equal(ready[1]?.run, runOf(2, bot))
        assert.deepEqual([late.state, late.verdict.rule], ['held', 'championChanged'])
      } else {
        assert.equal(answer.status, 409)
        assert.equal(ready[1]?.run, runOf(3, bot))
        assert.equal(await stateOf(kit, runOf(2, bot)), 'overtaken')
      }
    }
  })
})
