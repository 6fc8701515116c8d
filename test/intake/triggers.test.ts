import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configurationOf, edit, get, intakeKit, post, storedDataset, sums } from './yard.ts'

const more = `  - { name: eu-only, topic: eu.events, when: { type: bot.moved, /data/region: eu }, jobType: intents, bot: /data/botId }`

const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

test('the triggers are told with all that they look at', async (t) => {
  const kit = await intakeKit(t, { configuration: configurationOf({}, more) })
  const { body } = await get(kit, '/triggers')
  assert.deepEqual(
    body.triggers.map(({ name }: { name: string }) => name),
    ['bot-edited', 'bot-touched', 'eu-only'],
  )
  assert.deepEqual(body.triggers[2], {
    name: 'eu-only',
    topic: 'eu.events',
    type: 'bot.moved',
    conditions: [{ pointer: '/data/region', equals: 'eu' }],
    jobType: 'intents',
    bot: '/data/botId',
    dataset: null,
    digest: null,
    revision: null,
    from: 'end',
  })
})

test('a test says of each message what it would become, and why it would be no signal', async (t) => {
  const kit = await intakeKit(t, { configuration: configurationOf({}, more) })
  const dataset = await storedDataset(kit, 'tested')
  const messages = [
    edit({ dataset: { ...dataset, uri: `${dataset.uri}?signature=secret` }, revision: 4 }),
    edit({}),
    edit({ type: 'bot.painted', dataset }),
    { type: 'bot.updated', data: { botId: 'plain', dataset } },
    '{ no json',
  ].map((value) => ({ value: text(value) }))
  const { status, body } = await post(kit, '/triggers/bot-edited/test', { messages })
  assert.equal(status, 200)
  const told = body.results.map(({ becomes, reason, signal }: Record<string, unknown>) => [becomes, reason ?? signal])
  assert.deepEqual(
    told.map(([becomes]: string[]) => becomes),
    ['signal', 'deadLetter', 'nothing', 'signal', 'deadLetter'],
  )
  const { signal: _, ...facts } = told[0][1]
  assert.deepEqual(facts, { bot: 'bot-1', jobType: 'intents', dataset: dataset.uri, revision: 4, known: false })
  assert.equal(told[1][1], 'trigger bot-edited: /data/dataset/uri: is missing')
  assert.equal(told[2][1], 'it is not for bot-edited: its type is "bot.painted", not "bot.updated"')
  assert.match(told[4][1], /not valid JSON/)

  const moved = { value: text({ ...edit({ type: 'bot.moved' }), data: { botId: 'a', region: 'us' } }) }
  const other = await post(kit, '/triggers/eu-only/test', { messages: [moved] })
  assert.equal(other.body.results[0].reason, 'it is not for eu-only: /data/region is "us", not "eu"')
})

test('a condition may look at every attribute that an event has, also those about its data', async (t) => {
  const told = (conditions: string) =>
    `  - { name: told, topic: bot.told, when: { type: bot.told, ${conditions} }, jobType: intents, bot: /data/botId }`
  const usual = "/specversion: '1.0', /datacontenttype: application/json"
  const kit = await intakeKit(t, {
    configuration: configurationOf({}, told(`/dataschema: 'https://x.example/v2', ${usual}`)),
  })
  const dataset = await storedDataset(kit, 'told')
  const [v1, v2] = ['v1', 'v2'].map((version) => ({
    value: text({ ...edit({ type: 'bot.told', dataset }), dataschema: `https://x.example/${version}` }),
  }))
  const { body } = await post(kit, '/triggers/told/test', { messages: [v1, v2] })
  assert.deepEqual(
    body.results.map(({ becomes }: { becomes: string }) => becomes),
    ['nothing', 'signal'],
  )
})

test('the newest messages of a topic are tested, and what came before is known', async (t) => {
  const kit = await intakeKit(t)
  const dataset = await storedDataset(kit, 'peeked')
  const edits = ['a', 'b', 'c'].map((bot) => ({
    topic: 'bot.events',
    value: Buffer.from(text(edit({ bot, dataset }))),
  }))
  await kit.deliverRaw([...edits, { topic: 'bot.events', value: null }])
  const { body } = await post(kit, '/triggers/bot-edited/test', { last: 3 })
  assert.deepEqual(
    body.results.map(({ signal, reason }: { signal: { bot: string; known: boolean } | null; reason: string }) =>
      signal ? [signal.bot, signal.known] : reason,
    ),
    [['b', true], ['c', true], 'it is a tombstone'],
  )
  const elsewhere = await post(kit, '/triggers/bot-edited/test', { topic: 'nothing.here' })
  assert.deepEqual(elsewhere.body.results, [])
})

test('a test does nothing: no signal, no request, no dead letter', async (t) => {
  const kit = await intakeKit(t)
  const dataset = await storedDataset(kit, 'untouched')
  const messages = [edit({ dataset }), edit({})].map((value) => ({ value: text(value) }))
  await post(kit, '/triggers/bot-edited/test', { messages })
  assert.equal((await sums(kit)).received, 0)
  assert.deepEqual(await kit.buried(), [])
  assert.deepEqual((await get(kit, '/requests')).body.requests, [])
})

test('a trigger that is not there is said so, with those that are', async (t) => {
  const { status, body } = await post(await intakeKit(t), '/triggers/nobody/test', {})
  assert.equal(status, 404)
  assert.equal(body.error.hint, 'There are bot-edited, bot-touched.')
})
