/**
 * Checks the lengths that Avro bytes claim before they are decoded. avsc believes the count of a list, so ten bad bytes
 * could keep it busy for hours; here a count must fit in the bytes that are left. Only types with lists or maps are walked.
 */

import avro, { type Type } from 'avsc'

const { types } = avro

/** The deepest that a value may nest: a type may hold itself. */
const maximumDepth = 100

/** What is wrong with the bytes of this type, in words; undefined when every length fits. */
export function lengthProblem(type: Type, bytes: Uint8Array): string | undefined {
  if (!claimsCounts(type)) return undefined
  try {
    walk(type, { bytes, position: 0, depth: 0 })
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}

const known = new WeakMap<Type, boolean>()

function claimsCounts(type: Type): boolean {
  const before = known.get(type)
  if (before !== undefined) return before
  const claims = /"type":"(array|map)"/.test(JSON.stringify(type.schema()))
  known.set(type, claims)
  return claims
}

type Walk = { readonly bytes: Uint8Array; position: number; depth: number }

function walk(type: Type, state: Walk): void {
  if (state.depth > maximumDepth) throw new RangeError(`the data nests deeper than ${maximumDepth}`)
  state.depth += 1
  if (type instanceof types.RecordType) for (const field of type.fields) walk(field.type, state)
  else if (isUnion(type)) walk(branchOf(type.types, readLong(state)), state)
  else if (type instanceof types.ArrayType) walkBlocks(() => walk(type.itemsType, state), state)
  else if (type instanceof types.MapType) walkBlocks(() => walkEntry(type.valuesType, state), state)
  else walkLeaf(type, state)
  state.depth -= 1
}

function walkLeaf(type: Type, state: Walk): void {
  if (type instanceof types.StringType || type instanceof types.BytesType) advance(state, readLong(state))
  else if (type instanceof types.FixedType) advance(state, type.size)
  else if (type instanceof types.DoubleType) advance(state, 8)
  else if (type instanceof types.FloatType) advance(state, 4)
  else if (type instanceof types.BooleanType) advance(state, 1)
  else if (!(type instanceof types.NullType)) readLong(state) // int, long, enum
}

function walkEntry(values: Type, state: Walk): void {
  advance(state, readLong(state))
  walk(values, state)
}

function isUnion(type: Type): type is Type & { types: readonly Type[] } {
  return type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType
}

function branchOf(union: readonly Type[], index: number): Type {
  const branch = union[index]
  if (branch === undefined) throw new RangeError(`a union has no branch ${index}`)
  return branch
}

function walkBlocks(walkItem: () => void, state: Walk): void {
  for (let count = readLong(state); count !== 0; count = readLong(state)) {
    if (count < 0) readLong(state) // the size of the block in bytes; a negative count announces it
    const length = Math.abs(count)
    if (length > state.bytes.length - state.position) throw new RangeError(`a list claims ${length} items`)
    for (let index = 0; index < length; index += 1) walkItem()
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
