import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Schema } from 'avsc'
import { typeOf } from '../../../schemas/catalogue.ts'
import { committedCodec } from '../../../schemas/codec.ts'
import { foreignReader } from '../../../schemas/foreign-avro.ts'
import { readRegistry, schemaRegistryType, subjectOf } from '../../../schemas/registry.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { TrainyardError } from '../../../services/kit/errors.ts'
import { makeReadAvro } from '../../../services/kit/schema-registry/avro.ts'
import { openCodec } from '../../../services/kit/schema-registry/register.ts'
import { framed } from '../../harness/schema-registry.ts'
import { runQueued as data } from '../../schemas/samples.ts'
import { type RealRegistry, startRegistry } from './registry.ts'

const edited: Schema = {
  type: 'record',
  name: 'BotEdited',
  namespace: 'com.example',
  fields: [
    { name: 'bot', type: 'string' },
    { name: 'labels', type: { type: 'map', values: 'string' } },
  ],
}

describe('a real schema registry', () => {
  let registry: RealRegistry

  before(async () => {
    registry = await startRegistry()
  })
  after(() => registry.stop())

  const get = async (path: string) => {
    const response = await fetch(registry.url + path)
    return { status: response.status, body: JSON.parse(await response.text()) }
  }

  async function registered(subject: string, schema: Schema): Promise<number> {
    const response = await fetch(`${registry.url}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': schemaRegistryType },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    })
    const { id } = JSON.parse(await response.text())
    return id
  }

  test('has every schema under the full name of its record, and a deserialiser that asks it reads our bytes', async () => {
    // Someone else was here first, so that its ids are not ours by chance.
    await registered('com.example.First', { type: 'record', name: 'com.example.First', fields: [] })
    const codec = await openCodec(registry.url)
    const { body: subjects } = await get('/subjects')
    for (const { schema } of readRegistry()) assert.ok(subjects.includes(subjectOf(schema)), subjectOf(schema))

    const bytes = codec.encode('run.queued', data)
    assert.notDeepEqual(bytes, committedCodec.encode('run.queued', data))
    const { body } = await get(`/schemas/ids/${bytes.readInt32BE(1)}`)
    assert.deepEqual(foreignReader(body.schema).read(bytes.subarray(5)), data)
    assert.deepEqual((await get('/subjects/dev.trainyard.v1.RunQueued/versions')).body, [1])
  })

  test('gives the same ids at every start, and committed ids are read all the same', async () => {
    const [one, other] = [await openCodec(registry.url), await openCodec(registry.url)]
    assert.deepEqual(one.encode('run.queued', data), other.encode('run.queued', data))
    const before = committedCodec.encode('run.queued', data)
    assert.deepEqual(one.decode(typeOf('run.queued'), before), { name: 'run.queued', data })
  })

  test('tells how to read what others wrote, and which ids it does not know', async () => {
    const id = await registered('com.example.BotEdited', edited)
    const read = makeReadAvro(registry.url, systemClock)
    const value = { bot: 'shop', labels: { colour: 'red' } }
    assert.deepEqual(await read(framed(id, edited, value)), { name: 'com.example.BotEdited', value })
    assert.deepEqual(await read(framed(987_654, edited, value)), {
      problem: 'the schema registry knows no schema 987654',
    })
  })

  test('that is down is waited for: a schema that is known is read on, one that is not is asked for when it is back', async () => {
    const own = await startRegistry()
    const read = makeReadAvro(own.url, systemClock)
    const port = Number(new URL(own.url).port)
    await openCodec(own.url)
    const known = (await openCodec(own.url)).encode('run.queued', data)
    assert.ok('value' in (await read(known)))
    await own.stop()
    assert.ok('value' in (await read(known)))
    const unknown = framed(3_000, edited, { bot: 'shop', labels: {} })
    await assert.rejects(read(unknown), (error) => error instanceof TrainyardError && error.retryable)
    await assert.rejects(openCodec(own.url), /^TrainyardError: SCHEMA_REGISTRY_URL: no schema registry answers at http/)

    const back = await startRegistry(port)
    try {
      assert.deepEqual(await read(unknown), { problem: 'the schema registry knows no schema 3000' })
    } finally {
      await back.stop()
    }
  })
})
