/** Arbitrary data for any event of the catalogue, made from its Avro schema. */

import fc from 'fast-check'
import { type AvroSchema, isUnion } from '../../schemas/avro.ts'
import { catalogue, type EventName, eventNames } from '../../schemas/catalogue.ts'
import type { NamedEvent } from '../../schemas/codec.ts'
import { isStorable } from '../../schemas/words.ts'

const run = fc.stringMatching(/^run-[a-z2-7]{10}$/)
const signal = fc.stringMatching(/^sig-[0-9a-f]{24}$/)
const digest = fc.stringMatching(/^sha256:[0-9a-f]{64}$/)
const text = fc.string({ unit: 'binary' }).filter(isStorable)

/** Fields whose text has a form of its own. */
const formOf: Readonly<Record<string, fc.Arbitrary<string>>> = {
  run,
  by: run,
  signal,
  first: signal,
  last: signal,
  evaluation: fc.stringMatching(/^eval-[0-9a-f]{16}$/),
  bot: fc.string({ minLength: 1, maxLength: 20 }),
  jobType: fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/),
  digest,
  train: digest,
  examTexts: digest,
  examLabels: digest,
  workIdentity: digest,
  answers: digest,
  document: digest,
}

function valueOfSchema(schema: AvroSchema, field: string): fc.Arbitrary<unknown> {
  if (isUnion(schema)) return fc.oneof(...schema.map((branch) => valueOfSchema(branch, field)))
  if (typeof schema === 'object') {
    if (schema.type === 'array') return fc.array(valueOfSchema(schema.items, field), { maxLength: 4 })
    if (schema.type === 'enum') return fc.constantFrom(...schema.symbols)
    if (schema.type === 'long') return fc.integer({ min: 0, max: 4e12 })
    return fc.record(Object.fromEntries(schema.fields.map(({ name, type }) => [name, valueOfSchema(type, name)])), {
      noNullPrototype: true,
    })
  }
  if (schema === 'string') return formOf[field] ?? text
  if (schema === 'double') return fc.double({ noNaN: true, noDefaultInfinity: true })
  if (schema === 'boolean') return fc.boolean()
  if (schema === 'int') return fc.integer()
  if (schema === 'long') return fc.integer({ min: -(2 ** 52), max: 2 ** 52 })
  return fc.constant(null)
}

export function eventsNamed(name: EventName): fc.Arbitrary<NamedEvent> {
  // The schema says what the type says; only TypeScript can't follow.
  return valueOfSchema(catalogue[name].record.schema, '').map((data) => ({ name, data }) as NamedEvent)
}

export const events: fc.Arbitrary<NamedEvent> = fc.oneof(...eventNames.map(eventsNamed))
