import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from 'kafkajs'
import kafkajs from 'kafkajs'
import { frame } from '../../../schemas/confluent-frame.ts'
import { settledSums } from '../../chain/answers.ts'
import { botUpdated, championOf, datasetOf, echoConfiguration, postDataset, sumsOf } from '../../chain/bot.ts'
import { emptyDatabase } from '../../harness/database.ts'
import { eventually } from '../../harness/eventually.ts'
import { framed, testRegistry } from '../../harness/schema-registry.ts'
import { startYard } from '../../harness/yard.ts'
import { sharedBroker } from '../broker/shared.ts'
import { withAdmin } from '../broker/topics.ts'
import { preparePlatform, structured } from '../platform.ts'

const schemaId = 7
const edited = {
  type: 'record' as const,
  name: 'com.example.BotEdited',
  fields: ['bot', 'uri'].map((name) => ({ name, type: 'string' as const })),
}
const avroTrigger = `  - { name: bot-avro, topic: bot.events, when: { type: com.example.BotEdited }, jobType: intents, bot: /bot, dataset: /uri }
`
const notUtf8 = Buffer.from([0xff, 0xfe])
const farthest = '9223372036854775807'

type Dataset = Awaited<ReturnType<typeof postDataset>>
/** What a message becomes: a champion of its bot, a dead letter with this reason, or nothing. */
type End = 'champion' | RegExp | 'nothing'

const event = (bot: string, dataset: Dataset, more: object = {}) =>
  structured(bot, { ...botUpdated(bot, dataset, 1), ...more })
const binary = (bot: string, dataset: Dataset, headers: Message['headers']): Message => ({
  key: bot,
  value: JSON.stringify(botUpdated(bot, dataset, 1).data),
  headers: {
    ...{
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_type: 'bot.updated',
      ce_id: bot,
      ce_source: '/',
    },
    ...headers,
  },
})
const avro = (bot: string, dataset: Dataset) => framed(schemaId, edited, { bot, uri: dataset.uri })

const messages: Record<string, [message: (bot: string, dataset: Dataset) => Message, end: End]> = {
  'a time beyond every calendar': [(bot, dataset) => ({ ...event(bot, dataset), timestamp: farthest }), 'champion'],
  'an event whose own time is far away': [
    (bot, dataset) => event(bot, dataset, { time: '9999-12-31T23:59:59Z' }),
    'champion',
  ],
  'a tombstone': [(bot) => ({ key: bot, value: null }), 'nothing'],
  'a tombstone without a key': [() => ({ key: null, value: null }), 'nothing'],
  'an event without a key': [(bot, dataset) => ({ ...event(bot, dataset), key: null }), 'champion'],
  'a good event in headers': [(bot, dataset) => binary(bot, dataset, {}), 'champion'],
  'headers of others doubled, and no UTF-8': [
    (bot, dataset) => binary(bot, dataset, { trace: ['a', 'b'], blob: notUtf8 }),
    'champion',
  ],
  'a doubled attribute': [
    (bot, dataset) => binary(bot, dataset, { ce_id: ['one', 'other'] }),
    /^header ce_id: is doubled$/,
  ],
  'an attribute that is no UTF-8': [
    (bot, dataset) => binary(bot, dataset, { ce_source: notUtf8 }),
    /^header ce_source: is not UTF-8$/,
  ],
  'a doubled content type': [
    (bot, dataset) => binary(bot, dataset, { 'content-type': ['application/json', 'text/plain'] }),
    /^header content-type: is doubled$/,
  ],
  'no bytes at all': [(bot) => ({ key: bot, value: '' }), /^message: /],
  'good Avro': [(bot, dataset) => ({ key: bot, value: avro(bot, dataset) }), 'champion'],
  'Avro with a wrong magic byte': [
    (bot) => ({ key: bot, value: Buffer.from([9, 0, 0, 0, 7]), headers: { 'content-type': 'application/avro' } }),
    /expected the byte 0 and a schema id/,
  ],
  'Avro of an unknown schema': [
    (bot) => ({ key: bot, value: frame(987_654, Buffer.from([0])) }),
    /knows no schema 987654/,
  ],
  'Avro that breaks off': [
    (bot, dataset) => ({ key: bot, value: avro(bot, dataset).subarray(0, -1) }),
    /the bytes are not com\.example\.BotEdited of schema 7/,
  ],
}

test('I5: every kind of bad message has its end in the ledger, whether or not the schema registry is there', async (t) => {
  const brokers = await sharedBroker()
  const registry = await testRegistry(t)
  registry.byId.set(schemaId, { schema: edited })
  const platform = await preparePlatform(t, brokers)
  await allowAnyTime(brokers, platform.topic)
  const configuration = platform.configured(echoConfiguration() + avroTrigger)
  const postgres = new URL(await emptyDatabase(t))
  const variables = { ...platform.variables, SCHEMA_REGISTRY_URL: registry.url }

  registry.away = true
  await assert.rejects(
    startYard(t, { configuration, postgres, variables }),
    /trainyard: SCHEMA_REGISTRY_URL: the schema registry at \S+ fails: not now\n/,
  )
  registry.away = false
  const yard = await startYard(t, { configuration, postgres, variables })
  const dataset = await postDataset(yard, datasetOf('bad'))

  registry.away = true
  const asked = () => registry.asked.includes(`GET /schemas/ids/${schemaId}`)
  const sent = Object.entries(messages).map(([what, [make, end]], index) => {
    const bot = `bot-${index}`
    return { what, bot, message: make(bot, dataset), end }
  })
  for (const { message } of sent) await platform.produce([message])
  await eventually(asked, { what: 'a reader of Avro' })
  assert.equal((await settledReasons(0)).filter((reason) => /Avro/.test(reason)).length, 0)
  registry.away = false

  const [champions, letters] = [
    sent.filter(({ end }) => end === 'champion'),
    sent.filter(({ end }) => end instanceof RegExp),
  ]
  for (const { what, bot } of champions)
    await eventually(() => championOf(yard, bot), { timeoutMs: 60_000, what: `a champion of ${what}` })
  const reasons = await settledReasons(letters.length)
  for (const { what, end } of letters)
    assert.equal(reasons.filter((reason) => end instanceof RegExp && end.test(reason)).length, 1, `${what}: ${reasons}`)
  const expected = {
    received: champions.length + letters.length,
    launched: champions.length,
    deadLettered: letters.length,
  }
  assert.deepEqual({ ...(await settledSums(yard)), ...expected }, await sumsOf(yard))

  // What was handled lies at times that no clock comes to; nothing of it is taken for another log.
  await yard.kill('SIGTERM')
  await yard.start()
  await platform.produce(Array.from({ length: 9 }, (_, index) => event(`later-${index}`, dataset)))
  await eventually(async () => (await sumsOf(yard)).received === expected.received + 9, { what: 'what comes later' })

  /** Of all dead letters, once there are so many. */
  async function settledReasons(count: number): Promise<string[]> {
    return await eventually(async () => {
      const { deadLetters } = await yard.get<{ deadLetters: { reason: string }[] }>('/dead-letters')
      return deadLetters.length >= count && deadLetters.map(({ reason }) => reason)
    })
  }
})

/** From Kafka 4 on a broker refuses times of more than an hour ahead, unless it is told otherwise. */
async function allowAnyTime(brokers: readonly string[], topic: string): Promise<void> {
  const configEntries = [{ name: 'message.timestamp.after.max.ms', value: farthest }]
  const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }]
  await withAdmin(brokers, (admin) => admin.alterConfigs({ validateOnly: false, resources }))
}
