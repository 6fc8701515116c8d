import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AvroRecord } from '../../schemas/avro.ts'
import { choice, list, nullable, record, text, whole } from '../../schemas/avro.ts'
import { CodecError, eventCodec } from '../../schemas/event-codec.ts'
import { digestOfSchema, publishedSchema, type RegisteredSchema } from '../../schemas/registry.ts'

const type = 'dev.trainyard.test.v1'
const colour = choice('Colour', ['red', 'green'], 'A colour.')

const first = record('Test', 'Version 1.', {
  name: text('A name.'),
  colour,
  parts: list(record('Part', 'A part.', { size: whole('Its size.') }), 'Parts.'),
  note: nullable(text('A note.')),
})
const second = record('Test', 'Version 2: one field came, one went.', {
  name: text('A name.'),
  colour,
  parts: list(
    record('Part', 'A part.', { size: whole('Its size.'), weight: nullable(whole('Its weight.')) }),
    'Parts.',
  ),
  added: nullable(text('New.')),
})

function registered(id: number, version: number, of: AvroRecord<unknown>): RegisteredSchema {
  const schema = publishedSchema(of)
  return { id, type, version, digest: digestOfSchema(schema), schema }
}

const versions = [registered(1, 1, first), registered(2, 2, second)]
const firstCodec = eventCodec(type, first, versions)
const secondCodec = eventCodec(type, second, versions)

describe('event codec across versions', () => {
  test('a reader of version 1 reads bytes of version 2', () => {
    const bytes = secondCodec.encode({ name: 'a', colour: 'red', parts: [{ size: 1, weight: 2 }], added: 'new' })
    assert.equal(bytes.readInt32BE(1), 2)
    assert.deepEqual(firstCodec.decode(bytes), { name: 'a', colour: 'red', parts: [{ size: 1 }], note: null })
  })

  test('a reader of version 2 reads bytes of version 1', () => {
    const bytes = firstCodec.encode({ name: 'a', colour: 'green', parts: [{ size: 1 }], note: 'gone' })
    assert.equal(bytes.readInt32BE(1), 1)
    assert.deepEqual(secondCodec.decode(bytes), {
      name: 'a',
      colour: 'green',
      parts: [{ size: 1, weight: null }],
      added: null,
    })
  })

  test('decoded data is plain: no class and no methods of the Avro library', () => {
    const data = firstCodec.decode(firstCodec.encode({ name: 'a', colour: 'red', parts: [{ size: 1 }], note: null }))
    assert.equal(Object.getPrototypeOf(data), Object.prototype)
    assert.equal(Object.getPrototypeOf(data.parts[0]), Object.prototype)
  })

  test('bytes of a version that is not on record are refused, naming the id', () => {
    const old = eventCodec(type, first, versions.slice(0, 1))
    const bytes = secondCodec.encode({ name: 'a', colour: 'red', parts: [], added: null })
    assert.throws(
      () => old.decode(bytes),
      (error) => error instanceof CodecError && error.code === 'unknownSchema' && /the id 2/.test(error.message),
    )
  })

  test('a schema without an id is never written with', () => {
    assert.throws(() => eventCodec(type, second, versions.slice(0, 1)), /has no id yet; run/)
  })

  test('better words in a doc need no new version', () => {
    const reworded = record('Test', 'The same in better words.', {
      name: text('How it is called.'),
      colour,
      parts: list(record('Part', 'Piece.', { size: whole('Size.') }), 'Pieces.'),
      note: nullable(text('A remark.')),
    })
    assert.doesNotThrow(() => eventCodec(type, reworded, versions))
  })
})
