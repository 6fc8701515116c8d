import assert from 'node:assert/strict'
import { test } from 'node:test'
import avro, { type Schema } from 'avsc'
import { frame } from '../../../schemas/confluent-frame.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { TrainyardError } from '../../../services/kit/errors.ts'
import { makeReadAvro } from '../../../services/kit/schema-registry/avro.ts'
import { openRegistryClient } from '../../../services/kit/schema-registry/client.ts'
import { makeReaders } from '../../../services/kit/schema-registry/readers.ts'
import { framed, testRegistry } from '../../harness/schema-registry.ts'

const edit: Schema = {
  type: 'record',
  name: 'BotEdited',
  namespace: 'com.example',
  fields: [{ name: 'bot', type: 'string' }],
}

/** A positive long as Avro writes it. */
function varint(value: bigint): Buffer {
  const bytes: number[] = []
  for (let rest = value * 2n; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 127n) | 128)
  }
}

const isAway = (error: unknown) => error instanceof TrainyardError && error.retryable

test('what others wrote is read by its own schema: maps, unions, bytes and numbers beyond 53 bits', async (t) => {
  const registry = await testRegistry(t)
  const schema: Schema = {
    type: 'record',
    name: 'Everything',
    fields: [
      { name: 'labels', type: { type: 'map', values: ['null', 'int', 'string'] } },
      {
        name: 'either',
        type: ['int', 'double', { type: 'record', name: 'Inner', fields: [{ name: 'a', type: 'float' }] }],
      },
      { name: 'raw', type: 'bytes' },
      { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['ADDED', 'GONE'] } },
      { name: 'smallLong', type: 'long' },
      { name: 'atMs', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ],
  }
  registry.byId.set(7, { schema })
  const read = makeReadAvro(registry.url, systemClock)
  const value = {
    labels: { a: 1, b: 'two', c: null },
    either: { Inner: { a: 0.5 } },
    raw: Buffer.from([0, 255]),
    kind: 'GONE',
    smallLong: 12,
    atMs: 1_767_225_600_000,
  }
  assert.deepEqual(await read(framed(7, schema, value)), {
    name: 'Everything',
    value: { ...value, either: { a: 0.5 }, raw: 'AP8=' },
  })

  const long: Schema = { type: 'record', name: 'Nanos', fields: [{ name: 'at', type: 'long' }] }
  registry.byId.set(8, { schema: long })
  assert.deepEqual(await read(frame(8, varint(1_764_000_000_000_000_000n))), {
    name: 'Nanos',
    value: { at: '1764000000000000000' },
  })
})

test('schemas that a schema refers to are fetched, each after what it refers to itself', async (t) => {
  const registry = await testRegistry(t)
  const id: Schema = { type: 'record', name: 'com.example.Id', fields: [{ name: 'text', type: 'string' }] }
  const bot: Schema = { type: 'record', name: 'com.example.Bot', fields: [{ name: 'id', type: 'com.example.Id' }] }
  const outer: Schema = { type: 'record', name: 'com.example.Edit', fields: [{ name: 'bot', type: 'com.example.Bot' }] }
  const reference = (name: string) => ({ name, subject: name, version: 1 })
  registry.bySubject.set('com.example.Id/1', { schema: id })
  registry.bySubject.set('com.example.Bot/1', { schema: bot, references: [reference('com.example.Id')] })
  registry.byId.set(1, { schema: outer, references: [reference('com.example.Bot')] })
  registry.byId.set(2, { schema: outer, references: [reference('com.example.Lost')] })
  const read = makeReadAvro(registry.url, systemClock)
  const types = {}
  for (const schema of [id, bot]) avro.Type.forSchema(schema, { registry: types })
  const bytes = framed(1, outer, { bot: { id: { text: 'shop' } } }, types)
  assert.deepEqual(await read(bytes), { name: 'com.example.Edit', value: { bot: { id: { text: 'shop' } } } })
  assert.deepEqual(await read(frame(2, bytes.subarray(5))), {
    problem: 'schema 2: the schema registry lacks com.example.Lost, version 1, which it refers to',
  })
})

test('however many ask for a schema, the registry is asked once; an unknown one is asked for again after a while', async (t) => {
  const registry = await testRegistry(t)
  registry.byId.set(1, { schema: edit })
  let now = 0
  const readers = makeReaders(openRegistryClient(registry.url), { ...systemClock, now: () => new Date(now) })
  await Promise.all(Array.from({ length: 50 }, () => readers(1)))
  await readers(1)
  assert.deepEqual(registry.asked, ['GET /schemas/ids/1'])

  for (let ask = 0; ask < 50; ask += 1)
    assert.deepEqual(await readers(2), { problem: 'the schema registry knows no schema 2' })
  assert.equal(registry.asked.length, 2)
  registry.byId.set(2, { schema: edit })
  now = 10_000
  assert.ok('read' in (await readers(2)))
})

test('only so many schemas are kept: the one used longest ago goes first', async (t) => {
  const registry = await testRegistry(t)
  for (const id of [1, 2, 3]) registry.byId.set(id, { schema: edit })
  const readers = makeReaders(openRegistryClient(registry.url), systemClock, 2)
  for (const id of [1, 2, 1, 3, 1, 2]) await readers(id)
  assert.deepEqual(
    registry.asked,
    [1, 2, 3, 2].map((id) => `GET /schemas/ids/${id}`),
  )
})

test('a registry that is away is held against nobody: the same bytes are read once it is back', async (t) => {
  const registry = await testRegistry(t)
  registry.byId.set(1, { schema: edit })
  const read = makeReadAvro(registry.url, systemClock)
  const bytes = framed(1, edit, { bot: 'shop' })
  registry.away = true
  await assert.rejects(read(bytes), isAway)
  registry.away = false
  registry.authorization = 'Basic someone else'
  await assert.rejects(read(bytes), (error) => isAway(error) && /does not let us in/.test(String(error)))
  registry.authorization = undefined
  assert.deepEqual(await read(bytes), { name: 'com.example.BotEdited', value: { bot: 'shop' } })
  await assert.rejects(makeReadAvro('http://127.0.0.1:2', systemClock)(bytes), /no schema registry answers at http:/)
})

test('user and password of the URL are sent, and told to nobody', async (t) => {
  const registry = await testRegistry(t)
  registry.byId.set(1, { schema: edit })
  registry.authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
  const url = registry.url.replace('//', '//me:p%40ss@')
  const read = makeReadAvro(url, systemClock)
  assert.ok('value' in (await read(framed(1, edit, { bot: 'shop' }))))
  registry.away = true
  await assert.rejects(
    makeReadAvro(url, systemClock)(framed(1, edit, { bot: 'shop' })),
    (error) => isAway(error) && !/p@ss|p%40ss/.test(String(error)),
  )
})

test('bytes that cannot be read are refused with the reason, whatever they claim', async (t) => {
  const registry = await testRegistry(t)
  const list: Schema = { type: 'record', name: 'L', fields: [{ name: 'all', type: { type: 'array', items: 'null' } }] }
  const self = { type: 'record', name: 'Self', fields: [{ name: 'of', type: { type: 'map', values: 'Self' } }] }
  registry.byId.set(1, { schema: edit })
  registry.byId.set(2, { schema: list })
  registry.byId.set(3, { schema: self })
  registry.byId.set(4, { schema: { type: 'object' }, schemaType: 'JSON' })
  registry.byId.set(5, { schema: { type: 'recrod' } })
  const read = makeReadAvro(registry.url, systemClock)
  const problemOf = async (bytes: Buffer) => {
    const reading = await read(bytes)
    assert.ok('problem' in reading)
    return reading.problem
  }
  const cut = framed(1, edit, { bot: 'shop' }).subarray(0, -1)
  assert.match(await problemOf(cut), /not com\.example\.BotEdited of schema 1: truncated buffer/)
  assert.match(await problemOf(Buffer.from('{}')), /expected the byte 0 and a schema id/)
  assert.match(await problemOf(Buffer.from([0, 0, 0])), /expected the byte 0 and a schema id/)
  assert.match(await problemOf(frame(2, Buffer.from('feffffffff0f00', 'hex'))), /a list claims \d+ items/)
  assert.match(await problemOf(frame(3, Buffer.from('0200'.repeat(10_000), 'hex'))), /nests deeper than 100/)
  assert.match(await problemOf(frame(4, Buffer.from('{}'))), /of the kind JSON, and only AVRO is read/)
  assert.match(await problemOf(frame(5, Buffer.from('00', 'hex'))), /schema 5 cannot be used: unknown type/)
})

test('without a registry Avro is refused, naming the setting', async () => {
  const read = makeReadAvro(undefined, systemClock)
  assert.deepEqual(await read(framed(1, edit, { bot: 'shop' })), {
    problem: 'it names its schema by an id, and SCHEMA_REGISTRY_URL is not set',
  })
})
