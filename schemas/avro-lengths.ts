/**
 * Checks the lengths that Avro bytes claim before they are decoded. avsc believes the count of a list, so ten bad bytes
 * could keep it busy for hours; here a count must fit in the bytes that are left. Only schemas with lists are walked.
 */

import { type AvroSchema, isUnion } from './avro.ts'

/** What is wrong with the bytes of this schema, in words; undefined when every length fits. */
export function lengthProblem(schema: AvroSchema, bytes: Uint8Array): string | undefined {
  if (!hasList(schema)) return undefined
  try {
    walk(schema, { bytes, position: 0, named: new Map() })
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}

const listCache = new WeakMap<object, boolean>()

function hasList(schema: AvroSchema): boolean {
  if (typeof schema === 'string') return false
  const known = listCache.get(schema)
  if (known !== undefined) return known
  const found = JSON.stringify(schema).includes('"type":"array"')
  listCache.set(schema, found)
  return found
}

type Walk = { readonly bytes: Uint8Array; position: number; readonly named: Map<string, AvroSchema> }

function walk(schema: AvroSchema, state: Walk): void {
  if (typeof schema === 'string') walkNamed(schema, state)
  else if (isUnion(schema)) walk(branchOf(schema, readLong(state)), state)
  else if (schema.type === 'array') walkList(schema.items, state)
  else if (schema.type === 'long') readLong(state)
  else {
    state.named.set(schema.name, schema)
    if (schema.type === 'enum') readLong(state)
    else for (const field of schema.fields) walk(field.type, state)
  }
}

function walkNamed(name: string, state: Walk): void {
  if (name === 'boolean') advance(state, 1)
  else if (name === 'double') advance(state, 8)
  else if (name === 'int' || name === 'long') readLong(state)
  else if (name === 'string') advance(state, readLong(state))
  else if (name !== 'null') walk(definitionOf(name, state), state)
}

function branchOf(union: readonly AvroSchema[], index: number): AvroSchema {
  const branch = union[index]
  if (branch === undefined) throw new RangeError(`a union has no branch ${index}`)
  return branch
}

function definitionOf(name: string, state: Walk): AvroSchema {
  const schema = state.named.get(name)
  if (schema === undefined) throw new Error(`the schema names ${name} and does not define it`)
  return schema
}

function walkList(items: AvroSchema, state: Walk): void {
  for (let count = readLong(state); count !== 0; count = readLong(state)) {
    if (count < 0) readLong(state) // the size of the block in bytes; a negative count announces it
    const length = Math.abs(count)
    if (length > state.bytes.length - state.position) throw new RangeError(`a list claims ${length} items`)
    for (let index = 0; index < length; index += 1) walk(items, state)
  }
}

function advance(state: Walk, length: number): void {
  if (length < 0 || length > state.bytes.length - state.position) throw new RangeError('the bytes end too early')
  state.position += length
}

/** A zigzag variable-length number; exact as far as lengths that fit go. */
function readLong(state: Walk): number {
  let value = 0
  for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
    const byte = state.bytes[state.position]
    if (byte === undefined) throw new RangeError('the bytes end too early')
    state.position += 1
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  throw new RangeError('a number is longer than 64 bits')
}
