import assert from 'node:assert/strict'
import { test } from 'node:test'
import { typeOf } from '../../../schemas/catalogue.ts'
import { committedCodec } from '../../../schemas/codec.ts'
import { readRegistry, subjectOf } from '../../../schemas/registry.ts'
import { openCodec } from '../../../services/kit/schema-registry/register.ts'
import { testRegistry } from '../../harness/schema-registry.ts'
import { runQueued as data } from '../../schemas/samples.ts'

const event = { name: 'run.queued', data } as const

test('every schema is registered under the full name of its record, in order, and bytes carry the ids of the registry', async (t) => {
  const registry = await testRegistry(t)
  const codec = await openCodec(registry.url)
  const committed = readRegistry()
  assert.deepEqual(
    registry.asked,
    committed.map(({ schema }) => `POST /subjects/${subjectOf(schema)}/versions`),
  )
  const bytes = codec.encode('run.queued', data)
  assert.equal(bytes.readInt32BE(1), 100 + committed.findIndex(({ type }) => type === typeOf('run.queued')))
  assert.deepEqual(codec.decode(typeOf('run.queued'), bytes), event)

  const again = await openCodec(registry.url)
  assert.deepEqual(again.encode('run.queued', data), bytes, 'a second start gets the same ids')
})

test('bytes with a committed id are read all the same, as from before there was a registry', async (t) => {
  const codec = await openCodec((await testRegistry(t)).url)
  assert.deepEqual(codec.decode(typeOf('run.queued'), committedCodec.encode('run.queued', data)), event)
})

test('without a registry the ids are those of the committed file', async () => {
  assert.equal((await openCodec(undefined)).encode('run.queued', data).readInt32BE(1), 3)
})

test('a password with a % in it that begins no escape is told, and not shown', async () => {
  await assert.rejects(openCodec('http://ada:100%safe@127.0.0.1:2'), {
    message: 'SCHEMA_REGISTRY_URL: its user or password holds a % that begins no escape',
  })
})

test('a registry that is away at the start, or refuses a schema, is one sentence that names the setting', async (t) => {
  await assert.rejects(openCodec('http://127.0.0.1:2'), {
    message: 'SCHEMA_REGISTRY_URL: no schema registry answers at http://127.0.0.1:2 (ECONNREFUSED)',
  })
  const registry = await testRegistry(t)
  registry.refusal = { status: 409, message: 'incompatible with version 3' }
  await assert.rejects(openCodec(registry.url), {
    message: `SCHEMA_REGISTRY_URL: the schema registry at ${registry.url} refuses a schema: incompatible with version 3`,
  })
})
