import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Schema } from 'avsc'
import { TrainyardError } from '../../services/kit/errors.ts'
import { framed, testRegistry } from '../harness/schema-registry.ts'
import { configurationOf, intakeKit, said, storedDataset, sums } from './yard.ts'

/** As a platform writes its events: with a type of their own, and what they are about in a record inside. */
const botEvent: Schema = {
  type: 'record',
  name: 'BotEvent',
  namespace: 'com.example',
  fields: [
    { name: 'type', type: 'string' },
    { name: 'data', type: dataSchema('Data') },
  ],
}

function dataSchema(name: string): Schema {
  return {
    type: 'record',
    name,
    fields: [
      { name: 'botId', type: 'string' },
      { name: 'revision', type: 'long' },
      {
        name: 'dataset',
        type: ['null', { type: 'record', name: 'Dataset', fields: [{ name: 'uri', type: 'string' }] }],
        default: null,
      },
    ],
  }
}

const plain: Schema = { type: 'record', name: 'com.example.BotMoved', fields: [{ name: 'bot', type: 'string' }] }

async function withRegistry(t: TestContext, configuration = configurationOf()) {
  const registry = await testRegistry(t)
  registry.byId.set(1, { schema: botEvent })
  registry.byId.set(2, { schema: dataSchema('Data') })
  registry.byId.set(3, { schema: plain })
  const kit = await intakeKit(t, { configuration, variables: { SCHEMA_REGISTRY_URL: registry.url } })
  const { uri } = await storedDataset(kit, 'avro')
  const data = (botId: string) => ({ botId, revision: 3, dataset: { uri } })
  const message = (bytes: Buffer, headers = {}) => ({ topic: 'bot.events', value: bytes, headers })
  return {
    kit,
    registry,
    bare: (bot: string) => message(framed(1, botEvent, { type: 'bot.updated', data: data(bot) })),
    cloudEvent: (bot: string, contentType: Record<string, string>, type = 'bot.updated') =>
      message(framed(2, dataSchema('Data'), data(bot)), {
        ...contentType,
        ce_specversion: '1.0',
        ce_id: `avro-${bot}`,
        ce_source: 'test://platform',
        ce_type: type,
      }),
    message,
  }
}

describe('Avro in the Confluent frame', () => {
  test('is understood with the schema registry: by itself, and as the data of a CloudEvent', async (t) => {
    const { kit, registry, bare, cloudEvent } = await withRegistry(t)
    await kit.deliverRaw([
      bare('bare'),
      cloudEvent('avro', { 'content-type': 'application/avro' }),
      cloudEvent('vendor', { 'content-type': 'application/vnd.apache.avro' }),
      cloudEvent('untyped', {}),
    ])
    const requested = await said(kit, 'training.requested')
    assert.deepEqual(requested.map(({ bot }) => bot).sort(), ['avro', 'bare', 'untyped', 'vendor'])
    assert.deepEqual(registry.asked, ['GET /schemas/ids/1', 'GET /schemas/ids/2'])
    assert.deepEqual(await kit.buried(), [])
  })

  test('a record without a type is known by its full name', async (t) => {
    const more = `  - { name: moved, topic: bot.events, when: { type: com.example.BotMoved }, jobType: intents, bot: /bot }`
    const { kit, message } = await withRegistry(t, configurationOf({}, more))
    await kit.deliverRaw([message(framed(3, plain, { bot: 'moved' }))])
    const [signal] = await kit.database.query<{ bot: string }>('select bot from intake.signals')
    assert.equal(signal?.bot, 'moved')
  })

  test('what cannot be read goes to the dead letters with the reason, bytes untouched, and the others go on', async (t) => {
    const { kit, bare, cloudEvent, message } = await withRegistry(t)
    const unknown = framed(99, plain, { bot: 'x' })
    const good = bare('good')
    await kit.deliverRaw([
      message(unknown),
      message(good.value.subarray(0, 12)),
      message(Buffer.from([1, 0, 0, 0, 1])),
      { ...cloudEvent('wrong', { 'content-type': 'application/avro' }), value: Buffer.from('{}') },
      good,
    ])
    const letters = await kit.buried()
    const reasons = letters.map(({ headers }) => headers['dead-letter-reason'])
    assert.equal(letters.length, 4)
    assert.deepEqual(letters[0]?.value, unknown)
    assert.equal(reasons[0], 'Avro: the schema registry knows no schema 99')
    assert.match(String(reasons[1]), /not com\.example\.BotEvent of schema 1/)
    assert.match(String(reasons[2]), /not valid JSON/)
    assert.match(String(reasons[3]), /expected the byte 0 and a schema id of four bytes/)
    assert.deepEqual(
      (await said(kit, 'training.requested')).map(({ bot }) => bot),
      ['good'],
    )
    assert.ok((await sums(kit)).balanced)
  })

  test('the data of events that no trigger is for is left alone: it may be anything', async (t) => {
    const { kit, registry, cloudEvent } = await withRegistry(t)
    await kit.deliverRaw([cloudEvent('other', { 'content-type': 'application/avro' }, 'bot.painted')])
    assert.deepEqual(await kit.buried(), [])
    assert.deepEqual(registry.asked, [])
  })

  test('while the registry is away messages wait, and none is held for bad; they go on when it is back', async (t) => {
    const { kit, registry, bare } = await withRegistry(t)
    const messages = [bare('first'), bare('second')].map((message, offset) => ({ ...message, offset }))
    registry.away = true
    await assert.rejects(kit.deliverRaw(messages), (error) => error instanceof TrainyardError && error.retryable)
    assert.equal((await sums(kit)).received, 0)
    registry.away = false
    await kit.deliverRaw(messages)
    assert.equal((await said(kit, 'training.requested')).length, 2)
    assert.deepEqual(await kit.buried(), [])
  })

  test('without a registry it goes to the dead letters, naming the setting', async (t) => {
    const kit = await intakeKit(t)
    await kit.deliverRaw([{ topic: 'bot.events', value: framed(3, plain, { bot: 'x' }) }])
    const [letter] = await kit.buried()
    assert.match(String(letter?.headers['dead-letter-reason']), /SCHEMA_REGISTRY_URL is not set/)
  })
})
