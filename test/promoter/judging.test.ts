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
  evaluated,
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
  withChampion,
  withThreeChampions,
  work,
  worse,
} from './yard.ts'

describe('the promoter', () => {
  test('I4: each promotion is the next sequence, and says what it replaces', async (t) => {
    const kit = await openPromoter(t)
    await withThreeChampions(kit)
    const ready = await readyEvents(kit)
    assert.deepEqual(
      ready.map(({ sequence, generation, replaces }) => [sequence, generation, replaces?.sequence ?? null]),
      [
        [1, 1, null],
        [2, 2, 1],
        [3, 3, 2],
      ],
    )
    const key = await keyOf(kit)
    assert.deepEqual([key.championSequence, key.champion.run, key.fence], [3, runOf(3), 3])
  })

  test('promotes, holds and rejects, each with its reasons', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful }, { generation: 3, intents: worse })
    assert.deepEqual(await said(kit), [
      `model.promoted ${runOf(1)}`,
      `model.ready ${runOf(1)}`,
      `model.held ${runOf(2)}`,
      `model.rejected ${runOf(3)}`,
    ])
    const rejected = (await kit.emitted()).at(-1)
    assert.ok(rejected?.name === 'model.rejected')
    assert.match(rejected.data.reasons[0] ?? '', /proven worse/)
    assert.deepEqual(await stateOf(kit, runOf(2)), 'held')
    const { held } = await keyOf(kit)
    assert.equal(held.length, 1)
    assert.match(held[0].reasons[0], /undecided, and worse/)
  })

  test('a redelivered evaluation, and a second look, change nothing', async (t) => {
    const kit = await openPromoter(t)
    const data = await evaluated(kit, { generation: 1, intents: better, championSequence: 0 })
    await kit.deliver([
      { name: 'model.evaluated', data },
      { name: 'model.evaluated', data },
    ])
    await work(kit)
    await kit.deliver([{ name: 'model.evaluated', data }])
    await work(kit)
    assert.deepEqual(await said(kit), [`model.promoted ${runOf(1)}`, `model.ready ${runOf(1)}`])
  })

  test('I4: two replicas that look at the same time give each verdict once, and leave no sequence out', async (t) => {
    const database = await testDatabase(t, [promoter])
    const [kit, other] = [await openPromoter(t, { database }), await openPromoter(t, { database })]
    const bots = ['x', 'y', 'z']
    for (const bot of bots) {
      await withChampion(kit, bot)
      await deliver(kit, { bot, generation: 2, intents: better }, { bot, generation: 3, intents: better })
    }
    await Promise.all([work(kit), work(other), work(kit), work(other)])
    for (const bot of bots) {
      const sequences = (await readyEvents(kit)).filter((event) => event.bot === bot).map(({ sequence }) => sequence)
      // Of two that met champion number 1, the one that is judged second meets another, and is held.
      assert.deepEqual(sequences, [1, 2])
      assert.equal((await keyOf(kit, bot)).held.length, 1)
    }
  })

  test('a promotion turns older held models into overtaken, in the same transaction', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(
      kit,
      { generation: 2, intents: doubtful },
      { generation: 3, intents: doubtful },
      { generation: 4, intents: better },
    )
    assert.deepEqual((await said(kit)).slice(4), [
      `model.promoted ${runOf(4)}`,
      `model.overtaken ${runOf(2)}`,
      `model.overtaken ${runOf(3)}`,
      `model.ready ${runOf(4)}`,
    ])
    const view = await get(kit, `/verdicts/${runOf(2)}`)
    assert.deepEqual([view.state, view.overtakenBy, view.expiresAt], ['overtaken', runOf(4), null])
  })

  test('I3: a verdict that comes late never replaces a newer generation: held, and overtaken at once', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 3, intents: better }, { generation: 2, intents: better, championSequence: 2 })
    assert.equal(await stateOf(kit, runOf(2)), 'overtaken')
    const { verdict } = await get(kit, `/verdicts/${runOf(2)}`)
    assert.deepEqual([verdict.verdict, verdict.rule], ['hold', 'fence'])
    assert.equal((await keyOf(kit)).champion.run, runOf(3))
  })

  test('what does not commit is not said: killed before the commit, the verdict is given again and once', async (t) => {
    let crash = true
    const kit = await openPromoter(t, {
      async point(name) {
        if (name !== 'promoter.verdict.said' || !crash) return
        crash = false
        throw unavailable('the connection broke')
      },
    })
    await deliver(kit, { generation: 1, intents: better, championSequence: 0 })
    await assert.rejects(work(kit))
    assert.deepEqual(await said(kit), [])
    await work(kit)
    assert.deepEqual(await said(kit), [`model.promoted ${runOf(1)}`, `model.ready ${runOf(1)}`])
  })

  test('an evaluation that cannot be read holds up no other, is tried again, and its age can be asked', async (t) => {
    const kit = await openPromoter(t)
    const lost = await evaluated(kit, { generation: 1, intents: better, championSequence: 0 })
    await kit.deliver([{ name: 'model.evaluated', data: { ...lost, document: digestOf('never stored') } }])
    await withChampion(kit, 'bot-2')
    assert.deepEqual(await said(kit), [`model.promoted ${runOf(1, 'bot-2')}`, `model.ready ${runOf(1, 'bot-2')}`])
    assert.equal(await stateOf(kit, runOf(1)), 'evaluated')
    const metrics = await kit.inject({ method: 'GET', url: '/metrics' })
    assert.match(metrics.body, /trainyard_verdicts_pending_oldest_seconds (?!0\n)\d/)
    assert.match(metrics.body, /trainyard_verdicts_total\{verdict="promote"\} 1/)
  })

  test('I6: an evaluation that stays unreadable is held after some minutes of trying, and it is said why', async (t) => {
    const kit = await openPromoter(t)
    const lost = await evaluated(kit, { generation: 1, intents: better, championSequence: 0 })
    const document = digestOf('never stored')
    await kit.deliver([{ name: 'model.evaluated', data: { ...lost, document } }])
    let tries = 0
    for (; (await said(kit)).length === 0; tries += 1) {
      assert.ok(tries < 20, 'it is tried for ever')
      await work(kit)
      await kit.database.execute("update promoter.models set due_at = now() where state = 'evaluated'")
    }
    assert.equal(tries, 8)
    assert.deepEqual(await said(kit), [`model.held ${runOf(1)}`])
    const { state, verdict } = await get(kit, `/verdicts/${runOf(1)}`)
    assert.deepEqual([state, verdict.verdict, verdict.rule], ['held', 'hold', 'measured'])
    assert.equal(verdict.reasons[0].text, `its evaluation cannot be read: there is no blob ${document}`)
    // A person may still decide, and the same is said again (I8).
    const again = await post(kit, '/verdicts/preview', {})
    assert.deepEqual([again.status, again.body[0].verdict, again.body[0].rule], [200, 'hold', 'measured'])
    const { status } = await post(kit, `/runs/${runOf(1)}/approve`, { ...person, championSequence: 0 })
    assert.equal(status, 200)
  })
})
