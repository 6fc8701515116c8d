/** Reads Avro that others wrote, by whatever schema they wrote it with, into plain JSON. */

import avro, { type Schema, type Type } from 'avsc'
import { lengthProblem } from './avro-lengths.ts'

export interface ForeignReader {
  /** Full name of the record, or the name of another type. */
  readonly name: string
  /** Throws an Error that says what is wrong with the bytes. */
  read(body: Buffer): unknown
}

/**
 * `referenced` are the schemas that this one names and does not hold, each after those that it names in turn.
 * Throws an Error when one of them is no Avro schema.
 */
export function foreignReader(schema: string, referenced: readonly string[] = []): ForeignReader {
  const registry = {}
  const compile = (text: string): Type => {
    const json: Schema = JSON.parse(text)
    return avro.Type.forSchema(json, { registry, typeHook: exactLongs, omitRecordMethods: true })
  }
  for (const text of referenced) compile(text)
  const type = compile(schema)
  return {
    name: type.name ?? type.typeName,
    read(body) {
      const problem = lengthProblem(type, body)
      if (problem !== undefined) throw new Error(problem)
      return toJson(type.fromBuffer(body))
    },
  }
}

/** avsc refuses a long that a number can't hold, such as nanoseconds since 1970. */
const exactLong = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer(value: bigint) {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(value)
    return buffer
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (one: bigint, other: bigint) => (one < other ? -1 : one > other ? 1 : 0),
})

function exactLongs(schema: Schema): Type | undefined {
  const isLong = schema === 'long' || (typeof schema === 'object' && 'type' in schema && schema.type === 'long')
  return isLong ? exactLong : undefined
}

/** As Protobuf's JSON has it: bytes in base64, and a whole number that a JSON reader would round as a text. */
function toJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  // What avsc puts around a value of a union whose branches look alike.
  if ('unwrap' in value && typeof value.unwrap === 'function') return toJson(value.unwrap())
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toJson(field)]))
}
