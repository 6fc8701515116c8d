import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { edit, get, intakeKit, post, publish, said, storedDataset, sums } from './yard.ts'

describe('POST /events', () => {
  test('an event in each mode is accepted once its signal is in the ledger', async (t) => {
    const kit = await intakeKit(t)
    const dataset = await storedDataset(kit, 'modes')
    const structured = await publish(kit, edit({ bot: 'a', dataset }))
    const batch = await publish(kit, [edit({ bot: 'b', dataset }), edit({ bot: 'c', dataset })])
    const { data, specversion, ...attributes } = edit({ bot: 'd', dataset })
    const binary = await kit.inject({
      method: 'POST',
      url: '/events',
      headers: {
        'content-type': 'application/json',
        'ce-specversion': specversion,
        ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value])),
      },
      payload: JSON.stringify(data),
    })
    const plain = await kit.inject({ method: 'POST', url: '/events', payload: edit({ bot: 'e', dataset }) })

    assert.deepEqual([structured.status, batch.status, binary.statusCode, plain.statusCode], [202, 202, 202, 202])
    assert.equal(batch.body.accepted, 2)
    const requests = await said(kit, 'training.requested')
    assert.deepEqual(
      requests.map(({ bot }) => bot),
      ['a', 'b', 'c', 'd', 'e'],
    )
    const { body } = await get(kit, `/signals/${structured.body.signals[0]}`)
    assert.equal(body.bot, 'a')
    assert.equal(body.end, null)
    assert.equal(body.run, null)
    assert.equal(body.requestState, 'requested')
  })

  test('bad events of a batch are refused one by one with the reason, and the good ones are kept', async (t) => {
    const kit = await intakeKit(t)
    const dataset = await storedDataset(kit, 'batch')
    const { status, body } = await publish(kit, [
      edit({ bot: 'good', dataset }),
      { ...edit({ dataset }), id: '' },
      'no event',
      edit({ type: 'bot.painted' }),
      edit({ bot: undefined, dataset, id: 'botless', type: 'bot.updated' }),
      edit({ bot: 'nul\0', dataset }),
      edit({ bot: 'half\ud800', dataset }),
      edit({ bot: 'last', dataset }),
    ])
    assert.equal(status, 422)
    const { results, accepted, refused, signals } = body.error.details
    assert.deepEqual({ accepted, refused, signals: signals.length }, { accepted: 3, refused: 5, signals: 3 })
    assert.equal(body.error.hint, 'The other 3 are stored.')
    const reasons = results.map(({ reason }: { reason?: string }) => reason)
    assert.equal(reasons[0], undefined)
    assert.match(reasons[1], /id: is empty/)
    assert.match(reasons[2], /expected a JSON object/)
    assert.match(
      reasons[3],
      /no trigger is for events of type "bot\.painted": triggers know bot\.touched, bot\.updated/,
    )
    assert.match(reasons[5], /data\/botId: holds NUL or half of a surrogate pair/)
    assert.match(reasons[6], /data\/botId: holds NUL or half of a surrogate pair/)
    assert.equal(reasons[7], undefined)
  })

  test('an event that a trigger is for and that lacks a field is answered, recorded and dead-lettered once', async (t) => {
    const kit = await intakeKit(t)
    const data = { botId: 'bot-1', revision: 'seven' }
    const lacking = { ...edit({ id: 'lacking' }), dataschema: 'https://x.example/v2', data }
    for (let time = 1; time <= 2; time += 1) {
      const { status, body } = await publish(kit, lacking)
      assert.equal(status, 422)
      assert.match(body.error.message, /\/data\/dataset\/uri: is missing; \/data\/revision: expected a whole number/)
    }
    const letters = await kit.buried()
    assert.equal(letters.length, 1)
    assert.equal(letters[0]?.headers['dead-letter-topic'], 'trainyard.events')
    assert.match(
      letters[0]?.headers['dead-letter-reason'] ?? '',
      /trigger bot-edited: \/data\/dataset\/uri: is missing/,
    )
    assert.deepEqual(JSON.parse(String(letters[0]?.value)), lacking)
    assert.deepEqual(
      (await said(kit, 'signal.ended')).map(({ bot, end }) => ({ bot, end })),
      [{ bot: 'bot-1', end: 'deadLettered' }],
    )
    const { received, deadLettered, balanced } = await sums(kit)
    assert.deepEqual({ received, deadLettered, balanced }, { received: 1, deadLettered: 1, balanced: true })
  })

  test('an event without a bot is dead-lettered, though there is no bot to say it of', async (t) => {
    const kit = await intakeKit(t)
    const { status, body } = await publish(kit, { ...edit(), data: { dataset: { uri: 'dataset:x' } } })
    assert.equal(status, 422)
    assert.match(body.error.message, /\/data\/botId: is missing/)
    assert.equal((await kit.buried()).length, 1)
    assert.equal((await kit.emitted()).length, 0)
    assert.equal((await sums(kit)).deadLettered, 1)
  })

  test('a bot that no URL can name is refused, since nobody could ever ask about it', async (t) => {
    const kit = await intakeKit(t)
    for (const botId of ['.', '..']) {
      const event = await publish(kit, { ...edit({ id: botId }), data: { botId, dataset: { uri: 'dataset:x' } } })
      assert.equal(event.status, 422)
      assert.match(event.body.error.message, /\/data\/botId: expected the id of a bot: .* neither \. nor \.\./)
      const order = await post(kit, '/train', { bot: botId, actor: 'anna', reason: 'please' })
      assert.equal(order.status, 422)
      assert.match(order.body.error.message, /bot: expected an id that a URL can hold/)
    }
  })

  test('what is no CloudEvent, and no JSON, gets a clear answer', async (t) => {
    const kit = await intakeKit(t)
    const attempts = [
      {
        headers: { 'content-type': 'application/json' },
        payload: '{"hello": 1}',
        status: 422,
        message: /not a CloudEvent/,
      },
      {
        headers: { 'content-type': 'application/cloudevents+json' },
        payload: '{"half',
        status: 400,
        message: /not JSON/,
      },
      {
        headers: { 'content-type': 'application/cloudevents+json' },
        payload: Buffer.from([0xff]),
        status: 400,
        message: /not JSON in UTF-8/,
      },
      {
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        payload: '{}',
        status: 422,
        message: /list of CloudEvents/,
      },
      { headers: { 'content-type': 'text/plain' }, payload: 'hello', status: 422, message: /not a CloudEvent/ },
    ]
    for (const { status, message, ...request } of attempts) {
      const response = await kit.inject({ method: 'POST', url: '/events', ...request })
      assert.equal(response.statusCode, status, response.body)
      assert.match(response.json().error.message, message)
    }
    const many = await publish(
      kit,
      Array.from({ length: 1_001 }, () => edit()),
    )
    assert.equal(many.status, 422)
    assert.match(many.body.error.message, /more than 1000 events/)
  })

  test('I5: the same events, posted at once by many and again later, are one signal each', async (t) => {
    const kit = await intakeKit(t)
    const dataset = await storedDataset(kit, 'again')
    const events = Array.from({ length: 20 }, (_, index) => edit({ bot: `bot-${index % 5}`, dataset }))
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, turn) =>
        turn % 2 === 0 ? [publish(kit, events)] : events.map((event) => publish(kit, event)),
      ).flat(),
    )
    assert.ok(answers.every(({ status }) => status === 202))
    await publish(kit, events)

    const { received, waiting, coalesced, balanced } = await sums(kit)
    assert.equal(received, 20)
    assert.equal(waiting + coalesced, 20)
    assert.ok(balanced)
    const known = answers.flatMap(({ body }) => body.results).flatMap(({ signals }) => signals)
    assert.equal(known.filter((signal) => !signal.known).length, 20)
    assert.equal((await said(kit, 'training.requested')).length, 5)
  })

  test('a commit that fails is told to everyone whose events were in it', async (t) => {
    let failing = true
    const kit = await intakeKit(t, {
      point: async (name) => {
        if (name === 'intake.signals.written' && failing) throw new Error('no more')
      },
    })
    const dataset = await storedDataset(kit, 'failing')
    const answers = await Promise.all([1, 2, 3].map((bot) => publish(kit, edit({ bot: `bot-${bot}`, dataset }))))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [500, 500, 500],
    )
    assert.equal((await sums(kit)).received, 0)
    failing = false
    assert.equal((await publish(kit, edit({ dataset }))).status, 202)
  })
})
