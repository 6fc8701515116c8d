import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { promoter } from '../../services/promoter/main.ts'
import { testDatabase } from '../harness/database.ts'
import { doubtful, judgeAll, openPromoter, person, post, runOf, said, stateOf, withChampion } from './yard.ts'

describe('I6: a held model does not wait for ever', () => {
  test('at its limit it is rejected, and it is said that nobody decided', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful, policy: { heldExpiresAfterSeconds: 0 } })
    assert.equal(await kit.work('expiry'), 0)
    assert.equal(await stateOf(kit, runOf(2)), 'expired')
    const event = (await kit.emitted()).at(-1)
    assert.ok(event?.name === 'model.rejected')
    assert.deepEqual([event.data.run, event.data.decidedBy, event.data.actor], [runOf(2), 'limit', null])
    assert.match(event.data.reasons[0] ?? '', /nobody decided about it within 0 seconds/)
  })

  test('before its limit it stays, its age can be asked, and the loop comes back in time', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful, policy: { heldExpiresAfterSeconds: 30 } })
    const wait = await kit.work('expiry')
    assert.ok(wait !== undefined && wait > 0 && wait <= 30_000)
    assert.equal(await stateOf(kit, runOf(2)), 'held')
    const metrics = await kit.inject({ method: 'GET', url: '/metrics' })
    assert.match(metrics.body, /trainyard_held_models 1\n/)
    assert.match(metrics.body, /trainyard_held_oldest_seconds (?!0\n)\d/)
  })

  test('an approval that races the limit: one of them happens', async (t) => {
    const database = await testDatabase(t, [promoter])
    const [kit, other] = [await openPromoter(t, { database }), await openPromoter(t, { database })]
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful, policy: { heldExpiresAfterSeconds: 0 } })
    const [answer] = await Promise.all([
      post(kit, `/runs/${runOf(2)}/approve`, { ...person, championSequence: 1 }),
      other.work('expiry'),
    ])
    const ends = (await said(kit)).filter((line) => /^model\.(promoted|rejected) /.test(line)).slice(1)
    assert.deepEqual(ends, [answer.status === 200 ? `model.promoted ${runOf(2)}` : `model.rejected ${runOf(2)}`])
  })

  test('while another has the lock on its key, the loop waits a little and does not spin', async (t) => {
    const kit = await openPromoter(t)
    await withChampion(kit)
    await judgeAll(kit, { generation: 2, intents: doubtful, policy: { heldExpiresAfterSeconds: 0 } })
    await kit.database.transaction(async (transaction) => {
      await transaction.execute('select from promoter.keys for update')
      const wait = await kit.work('expiry')
      assert.ok(wait !== undefined && wait > 0 && wait < 1_000, `it looks again after ${wait} ms`)
    })
    assert.equal(await kit.work('expiry'), 0)
  })
})
