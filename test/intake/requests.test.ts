import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newsOf, requestOf } from './run-news.ts'
import {
  configurationOf,
  edit,
  get,
  intakeKit,
  letQuietPass,
  post,
  publish,
  said,
  settle,
  storedDataset,
  sums,
} from './yard.ts'

describe('without debounce', () => {
  test('the request is made in the transaction of its signal', async (t) => {
    const kit = await intakeKit(t)
    const dataset = await storedDataset(kit, 'at once')
    await publish(kit, edit({ bot: 'bot-1', dataset, revision: 3 }))
    const [requested, ...others] = await said(kit, 'training.requested')
    assert.equal(others.length, 0)
    assert.equal(requested?.generation, 1)
    assert.equal(requested?.insisted, false)
    assert.equal(requested?.namesDataset, true)
    assert.equal(requested?.signals.count, 1)
    assert.match(requested?.run ?? '', /^run-[a-z2-7]{10}$/)
    const events = await kit.emitted()
    assert.equal(events[0]?.cause.correlationId, requested?.run)
  })

  test('unfinished work takes the signal in, concluded work leaves it unchanged, failed work is tried again up to its limit', async (t) => {
    const kit = await intakeKit(t)
    const dataset = await storedDataset(kit, 'same')
    const next = async () => {
      const { body } = await publish(kit, edit({ dataset }))
      return (await get(kit, `/signals/${body.signals[0]}`)).body
    }
    const fail = async (run: string) => {
      const request = await requestOf(kit, run)
      await kit.deliver([newsOf(request, 'started'), newsOf(request, 'failed')])
    }
    const first = await next()
    const [requested] = await said(kit, 'training.requested')
    assert.ok(requested)
    const coalesced = await next()
    assert.deepEqual([coalesced.end, coalesced.run], ['coalesced', requested.run])

    await kit.deliver([newsOf(requested, 'started'), newsOf(requested, 'succeeded')])
    assert.equal((await get(kit, `/signals/${first.signal}`)).body.end, 'launched')
    const unchanged = await next()
    assert.deepEqual([unchanged.end, unchanged.run], ['unchanged', requested.run])

    const insisted = await post(kit, '/train', { bot: 'bot-1', actor: 'anna', reason: 'to be sure' })
    assert.equal(insisted.status, 202)
    await fail(insisted.body.run)
    const again = await next()
    assert.equal(again.end, null)
    await fail(again.request)
    const rejected = await next()
    assert.equal(rejected.end, 'rejected')
    assert.match(rejected.reason, /this data fails: 2 runs/)
    assert.ok((await sums(kit)).balanced)
  })

  test('the generation only grows, and each belongs to one run', async (t) => {
    const kit = await intakeKit(t)
    const datasets = [await storedDataset(kit, 'one'), await storedDataset(kit, 'two')]
    for (let round = 0; round < 4; round += 1) await publish(kit, edit({ dataset: datasets[round % 2] }))
    assert.deepEqual(
      (await said(kit, 'training.requested')).map(({ generation }) => generation),
      [1, 2, 3, 4],
    )
  })

  test('a signal that names no dataset is about the newest that is known of the bot, or is rejected', async (t) => {
    const kit = await intakeKit(t)
    const early = await publish(kit, edit({ type: 'bot.touched' }))
    const { body } = await get(kit, `/signals/${early.body.signals[0]}`)
    assert.equal(body.end, 'rejected')
    assert.match(body.reason, /no dataset is known of bot-1/)

    const dataset = await storedDataset(kit, 'known')
    await publish(kit, edit({ dataset }))
    const late = await publish(kit, edit({ type: 'bot.touched' }))
    assert.equal((await get(kit, `/signals/${late.body.signals[0]}`)).body.end, 'coalesced')
  })

  test('a dataset that is not stored, or another than the event says, rejects its signals', async (t) => {
    const kit = await intakeKit(t)
    const { uri, digest } = await storedDataset(kit, 'here')
    const elsewhere = digest.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    const missing = await publish(kit, edit({ bot: 'a', dataset: { uri: `dataset:${elsewhere}` } }))
    const different = await publish(kit, edit({ bot: 'b', dataset: { uri, digest: elsewhere } }))
    const wrong = await publish(kit, edit({ bot: 'c', dataset: { uri: 'file:///etc/passwd' } }))
    for (const [answer, reason] of [
      [missing, /is not stored here: add it first, with "trainyard datasets add"/],
      [different, /has the digest sha256:.*, and the event says sha256:/],
      [wrong, /datasetSources in trainyard.yaml names no folder/],
    ] as const) {
      const { body } = await get(kit, `/signals/${answer.body.signals[0]}`)
      assert.equal(body.end, 'rejected')
      assert.match(body.reason, reason)
    }
    assert.equal((await sums(kit)).rejected, 3)
  })
})

describe('with debounce', () => {
  const configuration = configurationOf({ quietSeconds: 60, maxWaitSeconds: 120 })

  test('I2: a burst of signals is one request, with the newest dataset, once it is quiet', async (t) => {
    const kit = await intakeKit(t, { configuration })
    const datasets = [await storedDataset(kit, 'older'), await storedDataset(kit, 'newer')]
    const events = Array.from({ length: 20 }, (_, index) =>
      edit({ dataset: datasets[index < 19 ? 0 : 1], revision: index }),
    )
    const { body } = await publish(kit, events.slice(0, 10))
    for (const event of events.slice(10)) await publish(kit, event)
    assert.equal((await said(kit, 'training.requested')).length, 0)
    const { requests } = (await get(kit, '/requests?bot=bot-1')).body
    assert.deepEqual(
      requests.map(({ state, signals }: { state: string; signals: number }) => ({ state, signals })),
      [{ state: 'waiting', signals: 20 }],
    )
    assert.equal((await sums(kit)).waiting, 20)

    await letQuietPass(kit)
    await settle(kit)
    const [requested, ...others] = await said(kit, 'training.requested')
    assert.equal(others.length, 0)
    assert.equal(requested?.dataset.digest, datasets[1]?.digest)
    assert.deepEqual(requested?.signals.count, 20)
    assert.equal(requested?.signals.first, body.signals[0])
    assert.match(requested?.reason ?? '', /20 signals of bot-1/)
    assert.equal((await get(kit, '/requests?bot=bot-1')).body.requests.length, 0)
  })

  test('each signal puts the request off by the quiet time, and none beyond the longest wait', async (t) => {
    const kit = await intakeKit(t, { configuration })
    const dataset = await storedDataset(kit, 'patience')
    const secondsUntilDue = async () => {
      const [row] = await kit.database.query<{ seconds: number }>(
        `select extract(epoch from due_at - now()) as seconds from intake.requests where state = 'waiting'`,
      )
      return Math.round(row?.seconds ?? Number.NaN)
    }
    await publish(kit, edit({ dataset }))
    assert.equal(await secondsUntilDue(), 60)
    const pass = (seconds: number) =>
      kit.database.execute(
        `update intake.requests set created_at = created_at - $1 * interval '1 second', due_at = due_at - $1 * interval '1 second'`,
        [seconds],
      )
    await pass(50)
    assert.equal(await secondsUntilDue(), 10)
    await publish(kit, edit({ dataset }))
    assert.equal(await secondsUntilDue(), 60)
    await pass(50)
    await publish(kit, edit({ dataset }))
    assert.equal(await secondsUntilDue(), 20)
  })

  test('a look says when the next one is due, and a signal that is known already puts nothing off', async (t) => {
    const kit = await intakeKit(t, { configuration })
    const dataset = await storedDataset(kit, 'once')
    assert.equal(await kit.work('intake.due'), undefined)
    const event = edit({ dataset })
    await publish(kit, event)
    const waitMs = await kit.work('intake.due')
    assert.ok(waitMs !== undefined && waitMs > 50_000 && waitMs <= 60_000, String(waitMs))
    await kit.database.execute(`update intake.requests set due_at = due_at - interval '30 seconds'`)
    await publish(kit, event)
    assert.ok(((await kit.work('intake.due')) ?? 0) <= 30_000)
  })

  test('a request that cannot go on holds up no other, is tried again, and tells why', async (t) => {
    const kit = await intakeKit(t, { configuration })
    const dataset = await storedDataset(kit, 'broken')
    await kit.database.execute(
      "alter table intake.requests add constraint broken check (bot <> 'bot-2' or state = 'waiting')",
    )
    for (const bot of ['bot-1', 'bot-2', 'bot-3']) await publish(kit, edit({ bot, dataset }))
    await kit.database.execute('update intake.requests set due_at = now()')
    await settle(kit)
    const requested = async () => (await said(kit, 'training.requested')).map(({ bot }) => bot).sort()
    assert.deepEqual(await requested(), ['bot-1', 'bot-3'])
    const [left] = (await get(kit, '/requests')).body.requests
    assert.deepEqual(
      [left.bot, left.state, left.reason],
      ['bot-2', 'waiting', 'it could not go on, and is tried again'],
    )
    assert.match(left.problem, /violates check constraint "broken"/)

    await kit.database.execute('alter table intake.requests drop constraint broken')
    await kit.database.execute('update intake.requests set due_at = now()')
    await settle(kit)
    assert.deepEqual(await requested(), ['bot-1', 'bot-2', 'bot-3'])
  })

  test('a request is not put off any longer once it is full', async (t) => {
    const kit = await intakeKit(t, { configuration })
    const dataset = await storedDataset(kit, 'many')
    await publish(kit, edit({ dataset }))
    await kit.database.execute('update intake.requests set signals = 9998')
    await publish(kit, edit({ dataset }))
    assert.equal((await said(kit, 'training.requested')).length, 0)
    await publish(kit, edit({ dataset }))
    const [requested] = await said(kit, 'training.requested')
    assert.equal(requested?.signals.count, 10_000)
  })

  test('a stale revision that comes with a known signal names a run that there is', async (t) => {
    const kit = await intakeKit(t)
    const dataset = await storedDataset(kit, 'known')
    const known = edit({ dataset, revision: 5 })
    await publish(kit, known)
    const [requested] = await said(kit, 'training.requested')
    const { body } = await publish(kit, [known, edit({ dataset, revision: 4 })])
    const stale = (await get(kit, `/signals/${body.signals[1]}`)).body
    assert.deepEqual([stale.end, stale.run], ['coalesced', requested?.run])
  })

  test('a stale revision ends as coalesced, and does not bring its older dataset back', async (t) => {
    const kit = await intakeKit(t, { configuration })
    const [older, newer] = [await storedDataset(kit, 'older'), await storedDataset(kit, 'newer')]
    const { body: answer } = await publish(kit, [
      edit({ dataset: newer, revision: 5 }),
      edit({ dataset: older, revision: 4 }),
      edit({ dataset: newer, revision: 5 }),
    ])
    const late = await publish(kit, edit({ dataset: older, revision: 3 }))
    const stale = (await get(kit, `/signals/${answer.signals[1]}`)).body
    assert.equal(stale.end, 'coalesced')
    assert.match(stale.reason, /revision 4 is stale: revision 5/)
    assert.equal((await get(kit, `/signals/${late.body.signals[0]}`)).body.end, 'coalesced')
    await letQuietPass(kit)
    await settle(kit)
    const [requested] = await said(kit, 'training.requested')
    assert.equal(requested?.dataset.digest, newer.digest)
    assert.equal(requested?.signals.count, 2)
    assert.equal(stale.run, requested?.run)
    assert.ok((await sums(kit)).balanced)
  })

  test('a person is not kept waiting: the request goes at once, with the signals that waited', async (t) => {
    const kit = await intakeKit(t, { configuration })
    const dataset = await storedDataset(kit, 'person')
    await publish(kit, [edit({ dataset }), edit({ dataset })])
    const { status, body } = await post(kit, '/train', { bot: 'bot-1', actor: 'anna', reason: 'demo at noon' })
    assert.equal(status, 202)
    const [requested] = await said(kit, 'training.requested')
    assert.deepEqual(
      { ...requested, dataset: requested?.dataset.digest },
      {
        ...requested,
        run: body.run,
        dataset: dataset.digest,
        insisted: true,
        namesDataset: true,
        actor: 'anna',
        reason: 'demo at noon',
        signals: { ...requested?.signals, count: 3, last: body.signal },
      },
    )
  })
})

describe('POST /train', () => {
  test('without a known dataset, for an unknown job type or without a name it is refused, and what is refused is recorded', async (t) => {
    const kit = await intakeKit(t)
    const nothing = await post(kit, '/train', { bot: 'bot-9', actor: 'anna', reason: 'please' })
    assert.equal(nothing.status, 422)
    assert.match(nothing.body.error.message, /bot-9 is not trained: no dataset is known of bot-9/)
    const { body } = await get(kit, `/signals/${nothing.body.error.details.signal}`)
    assert.deepEqual([body.end, body.actor, body.trigger], ['rejected', 'anna', 'person'])
    assert.equal((await sums(kit)).rejected, 1)

    const unknown = await post(kit, '/train', { bot: 'b', jobType: 'other', actor: 'anna', reason: 'please' })
    assert.equal(unknown.status, 422)
    assert.match(unknown.body.error.message, /there is no job type other/)
    for (const wrong of [
      { bot: 'b', reason: 'please' },
      { bot: 'b', actor: ' ', reason: 'please' },
      { bot: 'b', actor: 'anna', reason: '' },
      { bot: 'nul\0', actor: 'anna', reason: 'please' },
      { bot: 'b', actor: 'anna', reason: 'half \ud800' },
    ])
      assert.equal((await post(kit, '/train', wrong)).status, 422, JSON.stringify(wrong))
    assert.equal((await sums(kit)).received, 1)
  })

  test('a person may name a dataset that the bot never had', async (t) => {
    const kit = await intakeKit(t)
    const { uri, digest } = await storedDataset(kit, 'named')
    const { status } = await post(kit, '/train', { bot: 'new-bot', dataset: uri, actor: 'anna', reason: 'first' })
    assert.equal(status, 202)
    const [requested] = await said(kit, 'training.requested')
    assert.equal(requested?.dataset.digest, digest)
  })
})
