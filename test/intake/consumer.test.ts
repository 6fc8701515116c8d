import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { intake } from '../../services/intake/main.ts'
import { testDatabase } from '../harness/database.ts'
import { configurationOf, edit, intakeKit, said, storedDataset, sums } from './yard.ts'

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

    const plain = { topic: 'bot.events', value: json({ type: 'bot.updated', data: event.data }), offset: 77 }
    await kit.deliverRaw([plain])
    await kit.deliverRaw([plain])
    await kit.deliverRaw([{ ...plain, offset: 78 }])
    assert.equal((await sums(kit)).received, 3)
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
      { received: 2, deadLettered: 1, waiting: 1, balanced: true },
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
