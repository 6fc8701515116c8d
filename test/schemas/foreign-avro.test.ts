import assert from 'node:assert/strict'
import { test } from 'node:test'
import avro, { type Schema } from 'avsc'
import fc from 'fast-check'
import { foreignReader } from '../../schemas/foreign-avro.ts'

/** A tree with everything in it that Avro has. */
const tree: Schema = {
  type: 'record',
  name: 'Tree',
  namespace: 'com.example',
  fields: [
    { name: 'nothing', type: 'null' },
    { name: 'flag', type: 'boolean' },
    { name: 'whole', type: 'int' },
    { name: 'long', type: 'long', default: 0 },
    { name: 'float', type: 'float' },
    { name: 'double', type: 'double' },
    { name: 'text', type: 'string' },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['LEAF', 'BRANCH'] } },
    { name: 'open', type: ['null', 'int', 'long', 'string', { type: 'array', items: 'int' }] },
    { name: 'children', type: { type: 'array', items: 'Tree' } },
    { name: 'named', type: { type: 'map', values: ['null', 'Tree'] } },
    { name: 'next', type: ['null', 'Tree'], default: null },
    { name: 'fixed', type: { type: 'fixed', name: 'Four', size: 4 } },
    { name: 'bytes', type: 'bytes' },
  ],
}

const text = JSON.stringify(tree)
const reader = foreignReader(text)
const writer = avro.Type.forSchema(tree, { wrapUnions: 'always' })

const leaf = {
  nothing: null,
  flag: true,
  whole: -1,
  long: 2 ** 40,
  float: 0.5,
  double: 0.1,
  text: 'ü',
  kind: 'LEAF',
  children: [],
  named: {},
  next: null,
}
const leafBytes = { fixed: Buffer.from([1, 2, 3, 4]), bytes: Buffer.from([255]) }
const leafRead = { ...leaf, open: null, fixed: 'AQIDBA==', bytes: '/w==' }

test('a value of every type is read as JSON has it, with nothing around the branches of unions', () => {
  const written = { ...leaf, ...leafBytes, open: null }
  const bytes = writer.toBuffer({
    ...written,
    open: { array: [1, 2] },
    children: [{ ...written, open: { string: 'open' } }],
    named: { a: { 'com.example.Tree': written }, b: null },
    next: { 'com.example.Tree': { ...written, open: { long: 7 } } },
  })
  assert.deepEqual(reader.read(bytes), {
    ...leafRead,
    open: [1, 2],
    children: [{ ...leafRead, open: 'open' }],
    named: { a: leafRead, b: null },
    next: { ...leafRead, open: 7 },
  })
})

test('any bytes either read as a value that JSON can hold, or are refused with an Error', () => {
  const good = writer.toBuffer({ ...leaf, ...leafBytes, open: null, children: [{ ...leaf, ...leafBytes, open: null }] })
  const changed = fc
    .tuple(fc.nat(good.length - 1), fc.nat(255), fc.boolean())
    .map(([at, byte, isCut]) =>
      isCut ? good.subarray(0, at) : Buffer.from(good.map((old, index) => (index === at ? byte : old))),
    )
  const bytes = fc.oneof(changed, fc.uint8Array({ maxLength: 200 }).map(Buffer.from))
  fc.assert(
    fc.property(bytes, (body) => {
      let value: unknown
      try {
        value = reader.read(body)
      } catch (error) {
        assert.ok(error instanceof Error)
        return
      }
      JSON.stringify(value)
    }),
    { numRuns: 2_000 },
  )
})

test('a text that is no schema is refused', () => {
  assert.throws(() => foreignReader('{'), Error)
  assert.throws(() => foreignReader('{"type": "recrod"}'), Error)
})
