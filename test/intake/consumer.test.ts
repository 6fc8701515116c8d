import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { letterOf, replayOf } from '../../services/console/dead-letters/letter.ts'
import { intake } from '../../services/intake/main.ts'
import type { RawMessage } from '../../services/kit/bus/bus.ts'
import { testDatabase } from '../harness/database.ts'
import { configurationOf, edit, get, intakeKit, said, storedDataset, sums } from './yard.ts'

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

/** The messages of the platform's topic in order, then ours. */
function placeOf(headers: Record<string, string>): number {
  return Number(headers['dead-letter-offset']) + (headers['dead-letter-topic'] === 'trainyard.events' ? 1_000 : 0)
}

describe('events from the bus', () => {
  test('are understood as CloudEvents in either mode, and as plain JSON known by its place', async (t) => {
    const kit = await intakeKit(t)
    const dataset = await storedDataset(kit, 'bus')
    const { data, specversion, ...attributes } = edit({ bot: 'binary', dataset })
    const headers = Object.fromEntries(
      Object.entries({ specversion, ...attributes }).map(([name, value]) => [`ce_${name}`, value]),
    )
    await kit.deliverRaw([
      {
        topic: 'bot.events',
        value: json(edit({ bot: 'structured', dataset })),
        headers: { 'content-type': 'application/cloudevents+json' },
      },
      { topic: 'bot.events', value: json(data), headers: { ...headers, 'content-type': 'application/json' } },
      { topic: 'bot.events', value: json({ type: 'bot.updated', data: { botId: 'plain', dataset } }) },
      { topic: 'bot.events', value: json(edit({ bot: 'headless', dataset })) },
      { topic: 'trainyard.events', value: json(edit({ bot: 'ours', dataset })) },
    ])
    assert.deepEqual((await said(kit, 'training.requested')).map(({ bot }) => bot).sort(), [
      'binary',
      'headless',
      'ours',
      'plain',
      'structured',
    ])
    assert.deepEqual(await kit.buried(), [])
  })

  test('I5: an event that comes again, at another place or over HTTP, is the same signal', async (t) => {
    const kit = await intakeKit(t)
    const dataset = await storedDataset(kit, 'again')
    const event = edit({ dataset })
    const message = { topic: 'bot.events', value: json(event) }
    await kit.deliverRaw([message, message])
    await kit.deliverRaw([message, { ...message, topic: 'trainyard.events' }])
    assert.equal((await sums(kit)).received, 1)

    const timestamp = new Date('2026-01-31T12:00:00Z')
    const plain = { topic: 'bot.events', value: json({ type: 'bot.updated', data: event.data }), offset: 77, timestamp }
    await kit.deliverRaw([plain])
    await kit.deliverRaw([plain])
    await kit.deliverRaw([{ ...plain, offset: 78 }])
    assert.equal((await sums(kit)).received, 3)
    await kit.deliverRaw([{ ...plain, timestamp: new Date('2026-02-01T12:00:00Z') }])
    assert.equal((await sums(kit)).received, 4, 'a topic that was made again gives its places out again')
    assert.ok((await sums(kit)).balanced)
  })

  test('that are not understood go to the dead letters, bytes untouched, with place and reason; the others go on', async (t) => {
    const kit = await intakeKit(t)
    const dataset = await storedDataset(kit, 'others')
    const junk = Buffer.from([0xff, 0x00, 0x7b])
    await kit.deliverRaw([
      { topic: 'bot.events', value: junk, headers: { own: 'header' } },
      { topic: 'bot.events', value: Buffer.from('[1, 2]') },
      {
        topic: 'bot.events',
        value: json({ ...edit({ dataset }), id: '' }),
        headers: { 'content-type': 'application/cloudevents+json' },
      },
      { topic: 'bot.events', value: json({ type: 'bot.updated', data: { dataset } }) },
      { topic: 'bot.events', value: null },
      { topic: 'bot.events', value: json({ type: 'bot.painted' }) },
      { topic: 'trainyard.events', value: json({ type: 'bot.painted' }) },
      { topic: 'bot.events', value: json(edit({ bot: 'good', dataset })) },
    ])
    const letters = (await kit.buried()).toSorted((a, b) => placeOf(a.headers) - placeOf(b.headers))
    const reasons = letters.map(({ headers }) => headers['dead-letter-reason'])
    assert.equal(letters.length, 5)
    assert.deepEqual(letters[0]?.value, junk)
    assert.equal(letters[0]?.headers['own'], 'header')
    assert.equal(letters[0]?.headers['dead-letter-offset'], '0')
    assert.match(reasons[0] ?? '', /not valid UTF-8/)
    assert.match(reasons[1] ?? '', /expected a JSON object/)
    assert.match(reasons[2] ?? '', /id: is empty/)
    assert.match(reasons[3] ?? '', /trigger bot-edited: \/data\/botId: is missing/)
    assert.match(reasons[4] ?? '', /no trigger is for events of type "bot.painted": triggers know/)
    assert.deepEqual(
      (await said(kit, 'training.requested')).map(({ bot }) => bot),
      ['good'],
    )
    const { received, deadLettered, waiting, balanced } = await sums(kit)
    assert.deepEqual(
      { received, deadLettered, waiting, balanced },
      { received: 6, deadLettered: 5, waiting: 1, balanced: true },
    )
  })

  test('a dead letter that is replayed under a mended trigger is a signal like any other', async (t) => {
    const broken = configurationOf()
    for (const trigger of broken.triggers) trigger.bot = { text: '/data/bot', parts: ['data', 'bot'] }
    const database = await testDatabase(t, [intake])
    const before = await intakeKit(t, { configuration: broken, database })
    const dataset = await storedDataset(before, 'mended')
    const message = { topic: 'bot.events', value: json(edit({ dataset })) }
    await before.deliverRaw([message])
    await before.deliverRaw([message])
    assert.equal((await before.buried()).length, 2, 'whoever replays it in vain sees it again')
    assert.equal((await sums(before)).deadLettered, 1)

    const after = await intakeKit(t, { database })
    await after.deliverRaw([message])
    assert.equal((await said(after, 'training.requested')).length, 1)
    assert.ok((await sums(after)).balanced)
  })

  test('I5: a replay is known by the place of what it repeats: for a trigger that took it before it is nothing new', async (t) => {
    const more = `  - { name: revised, topic: bot.events, when: { type: bot.updated }, jobType: intents, bot: /data/botId, revision: /data/number }`
    const kit = await intakeKit(t, { configuration: configurationOf({}, more) })
    const dataset = await storedDataset(kit, 'replayed')
    const value = json({ type: 'bot.updated', data: { botId: 'plain', dataset, number: 'seven' } })
    await kit.deliverRaw([{ topic: 'bot.events', value, headers: { own: 'header' } }])
    const [letter] = await kit.buried()
    assert.match(letter?.headers['dead-letter-reason'] ?? '', /trigger revised/)

    const dead = { topic: 'trainyard.dead-letters', partition: 0, offset: 0, key: null, timestamp: new Date() }
    const replay = replayOf(letterOf({ ...dead, headers: letter?.headers ?? {}, value: letter?.value ?? null }))
    assert.ok('message' in replay)
    const before = await sums(kit)
    await kit.deliverRaw([replay.message])
    await kit.deliverRaw([replay.message])
    assert.deepEqual(before, { ...(await sums(kit)), oldestWaitingSeconds: before.oldestWaitingSeconds })
    assert.deepEqual([before.received, before.deadLettered], [2, 1])

    await kit.deliverRaw([{ ...replay.message, topic: 'trainyard.events' }])
    assert.equal((await sums(kit)).received, 4, 'who may write to one topic speaks for no other')
  })

  test('I5: a message that fails at every try is received and dead-lettered, whatever there is in it', async (t) => {
    const kit = await intakeKit(t)
    const [consumer] = kit.parts.consumers ?? []
    assert.ok(consumer?.kind === 'raw')
    const poison: RawMessage = {
      topic: 'bot.events',
      partition: 1,
      offset: 7,
      key: null,
      headers: { ce_id: 'NUL \0' },
      value: json(edit({ dataset: await storedDataset(kit, 'poison') })),
      timestamp: new Date(),
    }
    const bury = () => kit.database.transaction(async (transaction) => consumer.buried?.(transaction, poison, 'why \0'))
    await bury()
    await bury()
    const { received, deadLettered, balanced } = await sums(kit)
    assert.deepEqual({ received, deadLettered, balanced }, { received: 1, deadLettered: 1, balanced: true })
    const [signal] = await kit.database.query<{ id: string }>('select id from intake.signals')
    const { body } = await get(kit, `/signals/${signal?.id}`)
    assert.deepEqual([body.trigger, body.bot, body.jobType, body.end], [null, null, null, 'deadLettered'])
    assert.equal(body.reason, 'why \u{fffd}')
  })

  test('a trigger listens to its own topic, and further conditions decide whose event it is', async (t) => {
    const configuration = configurationOf(
      {},
      `  - { name: eu-only, topic: eu.events, when: { type: bot.moved, /data/region: eu }, jobType: intents, bot: /data/botId, from: beginning }`,
    )
    const kit = await intakeKit(t, { configuration })
    const moved = (bot: string, region: string) => ({
      ...edit({ bot, type: 'bot.moved' }),
      data: { botId: bot, region },
    })
    await kit.deliverRaw([
      { topic: 'eu.events', value: json(moved('a', 'eu')) },
      { topic: 'eu.events', value: json(moved('b', 'us')) },
      { topic: 'bot.events', value: json(moved('c', 'eu')) },
      { topic: 'eu.events', value: json(edit({ bot: 'd' })) },
      { topic: 'trainyard.events', value: json(moved('e', 'eu')) },
    ])
    const bots = await kit.database.query<{ bot: string }>('select bot from intake.signals order by bot')
    assert.deepEqual(
      bots.map(({ bot }) => bot),
      ['a', 'e'],
    )
    const beginnings = (kit.parts.consumers ?? []).flatMap((consumer) =>
      consumer.kind === 'raw' ? [{ group: consumer.group, topics: consumer.topics, from: consumer.from }] : [],
    )
    assert.deepEqual(beginnings, [
      { group: 'intake', topics: ['trainyard.events', 'eu.events'], from: 'beginning' },
      { group: 'intake', topics: ['bot.events'], from: 'end' },
    ])
  })
})
