import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type AvroSchema, isUnion } from '../../schemas/avro.ts'
import { catalogue, eventNames, keyOf, nameOf, topicNames, topics, typeOf } from '../../schemas/catalogue.ts'
import type { NamedEvent } from '../../schemas/codec.ts'
import { canonicalJson } from '../../schemas/words.ts'
import { events } from './arbitraries.ts'

type Part = { path: string; schema: AvroSchema; doc: string }

function partsOf(schema: AvroSchema, path: string): Part[] {
  if (isUnion(schema)) return schema.flatMap((branch) => partsOf(branch, path))
  if (typeof schema === 'string' || schema.type === 'enum' || schema.type === 'long') return []
  if (schema.type === 'array') return partsOf(schema.items, path)
  return schema.fields.flatMap(({ name, type, doc }) => [
    { path: `${path}.${name}`, schema: type, doc },
    ...partsOf(type, `${path}.${name}`),
  ])
}

function namedTypes(schema: AvroSchema): [string, string][] {
  if (typeof schema === 'string') return []
  if (isUnion(schema)) return schema.flatMap(namedTypes)
  if (schema.type === 'array') return namedTypes(schema.items)
  if (schema.type === 'long') return []
  const inner = schema.type === 'record' ? schema.fields.flatMap(({ type }) => namedTypes(type)) : []
  return [[schema.name, canonicalJson(schema)], ...inner]
}

describe('catalogue', () => {
  for (const name of eventNames) {
    test(`${name} has a topic, a doc, and a doc on every field`, () => {
      const { topic, doc, record } = catalogue[name]
      assert.ok(topicNames.includes(topic))
      assert.notEqual(doc, '')
      for (const part of partsOf(record.schema, name)) assert.notEqual(part.doc, '', `${part.path} has no doc`)
    })
  }

  test('a name and its CloudEvents type lead to each other', () => {
    for (const name of eventNames) assert.equal(nameOf(typeOf(name)), name)
    assert.equal(typeOf('run.queued'), 'dev.trainyard.run.queued.v1')
    for (const type of ['run.queued', 'dev.trainyard.run.queued.v2', 'constructor', ''])
      assert.equal(nameOf(type), undefined)
  })

  test('every event is keyed by what its topic is keyed by', () => {
    const keyed = (event: NamedEvent): string => keyOf<NamedEvent['name']>(event.name, event.data)
    fc.assert(
      fc.property(events, (event) => {
        const { bot, jobType } = event.data
        const expected = topics[catalogue[event.name].topic].key === 'bot' ? bot : `${bot}/${jobType}`
        assert.equal(keyed(event), expected)
      }),
    )
  })

  test('model.ready alone is on the compacted topic', () => {
    const compacted = eventNames.filter((name) => topics[catalogue[name].topic].cleanup === 'compact')
    assert.deepEqual(compacted, ['model.ready'])
  })

  test('a named Avro type means the same in every event', () => {
    const seen = new Map<string, string>()
    for (const [name, schema] of eventNames.flatMap((event) => namedTypes(catalogue[event].record.schema))) {
      assert.equal(seen.get(name) ?? schema, schema, `${name} has two definitions`)
      seen.set(name, schema)
    }
  })
})
