/**
 * Encodes and decodes one event: the Confluent frame (0x00, schema id as int32 big-endian, Avro). Bytes of older and newer
 * versions are resolved into the version that this code knows, by the id they carry.
 */

import avro from 'avsc'
import type { AvroRecord } from './avro.ts'
import { lengthProblem } from './avro-lengths.ts'
import { frame, frameProblem, unframe } from './confluent-frame.ts'
import { digestOfSchema, publishedSchema, type RegisteredSchema } from './registry.ts'

export type CodecErrorCode = 'unknownType' | 'badFrame' | 'unknownSchema' | 'badAvro' | 'badValue'

/** Bytes that can't be read, or a value that must not be written. Trying again does not help. */
export class CodecError extends Error {
  readonly code: CodecErrorCode

  constructor(code: CodecErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CodecError'
    this.code = code
  }
}

export interface EventCodec<T> {
  encode(data: T): Buffer
  decode(bytes: Uint8Array): T
}

type Writer = {
  type: avro.Type
  resolver: ReturnType<avro.Type['createResolver']> | undefined
}

export function compileSchema(schema: RegisteredSchema['schema']): avro.Type {
  // The copy is avsc's to keep; it takes the JSON of a schema, which its typings describe too narrowly.
  return avro.Type.forSchema(JSON.parse(JSON.stringify(schema)), { wrapUnions: 'never' })
}

/** `registered` are the versions of this one type; the record must be one of them. */
export function eventCodec<T>(
  eventType: string,
  record: AvroRecord<T>,
  registered: readonly RegisteredSchema[],
): EventCodec<T> {
  const digest = digestOfSchema(publishedSchema(record))
  const own = registered.find((entry) => entry.digest === digest)
  if (own === undefined) {
    throw new Error(
      `the schema of ${eventType} has no id yet; run "node schemas/generate.ts" and commit what it writes`,
    )
  }
  const { id: ownId } = own
  const reader = compileSchema(own.schema)
  const writers = new Map<number, Writer>([[ownId, { type: reader, resolver: undefined }]])

  function writerOf(id: number): Writer {
    const known = writers.get(id)
    if (known !== undefined) return known
    const entry = registered.find((candidate) => candidate.id === id)
    if (entry === undefined) {
      throw new CodecError(
        'unknownSchema',
        `${eventType}: no schema of this type has the id ${id}; a newer Trainyard may have written it`,
      )
    }
    const type = compileSchema(entry.schema)
    const writer = { type, resolver: reader.createResolver(type) }
    writers.set(id, writer)
    return writer
  }

  function encode(data: T): Buffer {
    const problem = record.problem(data, '')
    if (problem !== undefined) throw new CodecError('badValue', `${eventType}: ${problem}`)
    return frame(ownId, reader.toBuffer(data))
  }

  function decode(bytes: Uint8Array): T {
    const framed = unframe(bytes)
    if (framed === undefined) throw new CodecError('badFrame', `${eventType}: ${frameProblem}`)
    const { schemaId, body } = framed
    const { type, resolver } = writerOf(schemaId)
    const wrongLength = lengthProblem(type, body)
    if (wrongLength !== undefined) throw new CodecError('badAvro', `${eventType}: ${wrongLength}`)
    const data = plain(read(body, resolver, type))
    const problem = record.problem(data, '')
    if (problem !== undefined) throw new CodecError('badValue', `${eventType}: ${problem}`)
    return data as T // what `problem` lets pass is a T
  }

  function read(body: Buffer, resolver: Writer['resolver'], type: avro.Type): unknown {
    try {
      return resolver === undefined ? type.fromBuffer(body) : reader.fromBuffer(body, resolver)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new CodecError('badAvro', `${eventType}: the bytes are not Avro of this type: ${why}`, { cause: error })
    }
  }

  return { encode, decode }
}

/** avsc makes an object of a class for each record; the rest of the world expects plain ones. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
}
