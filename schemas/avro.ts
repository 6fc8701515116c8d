/**
 * Small typed builders for Avro schemas. Each builder gives the schema, the TypeScript type of its values (`Infer`), and
 * `problem`, which says in words what is wrong with a value and in which field. So a schema is written once, and what
 * passes the codec is what the type says: ids are checked against their zod schemas, numbers are finite, texts storable.
 */

import { isStorable } from './words.ts'

/** A problem in words that begins with the field's path, or undefined when the value is right. */
export type Problem = (value: unknown, at: string) => string | undefined

export type AvroField = { name: string; type: AvroSchema; doc: string; default?: null }
export type RecordSchema = {
  type: 'record'
  name: string
  namespace?: string
  doc: string
  fields: readonly AvroField[]
}
export type AvroSchema =
  | string
  | readonly AvroSchema[]
  | RecordSchema
  | { type: 'enum'; name: string; symbols: readonly string[] }
  | { type: 'array'; items: AvroSchema }
  | { type: 'long'; logicalType: 'timestamp-millis' }

export interface Avro<out T> {
  readonly schema: AvroSchema
  readonly doc: string
  readonly problem: Problem
  /** Never there at run time; it carries the type. */
  readonly value?: T
}

export interface AvroRecord<out T> extends Avro<T> {
  readonly schema: RecordSchema
  readonly fields: Readonly<Record<string, Avro<unknown>>>
}

export type Infer<A> = A extends Avro<infer T> ? T : never

/** A zod schema for a kind of text, such as a branded id. */
interface TextSchema<T extends string> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: { message: string }[] } }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return 'a text'
  if (value === undefined) return 'nothing'
  return typeof value === 'object' && value !== null ? (Array.isArray(value) ? 'a list' : 'an object') : String(value)
}

const expected =
  (what: string, holds: (value: unknown) => boolean): Problem =>
  (value, at) =>
    holds(value) ? undefined : `${at}: expected ${what}, got ${shown(value)}`

const isText = expected('a text', (value) => typeof value === 'string')
const textProblem: Problem = (value, at) => {
  if (typeof value === 'string' && !isStorable(value)) return `${at}: the text holds NUL or half of a surrogate pair`
  return isText(value, at)
}

export function text(doc: string): Avro<string> {
  return { schema: 'string', doc, problem: textProblem }
}

/** A text with a form of its own: an id, a digest, a name. */
export function id<T extends string>(kind: TextSchema<T>, doc: string): Avro<T> {
  const problem: Problem = (value, at) => {
    const result = kind.safeParse(value)
    return result.success ? textProblem(value, at) : `${at}: ${result.error.issues[0]?.message ?? 'not of its form'}`
  }
  return { schema: 'string', doc, problem }
}

/** avsc doubles a number on its way to bytes (zigzag), so it is exact up to half of what a number can hold. */
const isExact = (value: unknown): boolean => Number.isInteger(value) && Math.abs(Number(value)) <= 2 ** 52

/** A whole number of up to 52 bits: a count that grows for ever, such as a generation. */
export function long(doc: string): Avro<number> {
  return { schema: 'long', doc, problem: expected('a whole number of at most 52 bits', isExact) }
}

/** A whole number of 32 bits. */
export function whole(doc: string): Avro<number> {
  const fits = (value: unknown): boolean => typeof value === 'number' && (value | 0) === value
  return { schema: 'int', doc, problem: expected('a whole number of at most 32 bits', fits) }
}

export function double(doc: string): Avro<number> {
  return { schema: 'double', doc, problem: expected('a finite number', Number.isFinite) }
}

export function flag(doc: string): Avro<boolean> {
  return { schema: 'boolean', doc, problem: expected('true or false', (value) => typeof value === 'boolean') }
}

/** Milliseconds since 1970 (UTC), as a number. */
export function timestampMs(doc: string): Avro<number> {
  const schema: AvroSchema = { type: 'long', logicalType: 'timestamp-millis' }
  return { schema, doc, problem: expected('a time in whole milliseconds since 1970', isExact) }
}

/** One of some words. */
export function choice<const T extends string>(name: string, words: readonly T[], doc: string): Avro<T> {
  const known = new Set<unknown>(words)
  const problem = expected(`one of ${words.join(', ')}`, (value) => known.has(value))
  return { schema: { type: 'enum', name, symbols: words }, doc, problem }
}

/** May be null, and is null to a reader whose writer did not know the field. */
export function nullable<T>(inner: Avro<T>): Avro<T | null> {
  const problem: Problem = (value, at) => (value === null ? undefined : inner.problem(value, at))
  return { schema: ['null', inner.schema], doc: inner.doc, problem }
}

export function list<T>(item: Avro<T>, doc: string): Avro<T[]> {
  const isList = expected('a list', Array.isArray)
  const problem: Problem = (value, at) => {
    if (!Array.isArray(value)) return isList(value, at)
    for (const [index, element] of value.entries()) {
      const found = item.problem(element, `${at}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  return { schema: { type: 'array', items: item.schema }, doc, problem }
}

type Fields = Readonly<Record<string, Avro<unknown>>>
type Values<F extends Fields> = { [N in keyof F]: Infer<F[N]> }

export function record<const F extends Fields>(name: string, doc: string, fields: F): AvroRecord<Values<F>> {
  const entries = Object.entries(fields)
  const problem: Problem = (value, at) => {
    if (typeof value !== 'object' || value === null) return `${at}: expected an object, got ${shown(value)}`
    for (const [field, type] of entries) {
      const found = type.problem(Reflect.get(value, field), at === '' ? field : `${at}.${field}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  return { schema: { type: 'record', name, doc, fields: entries.map(avroField) }, doc, problem, fields }
}

function avroField([name, { schema, doc }]: readonly [string, Avro<unknown>]): AvroField {
  const isNullable = Array.isArray(schema)
  return { name, type: schema, doc, ...(isNullable ? { default: null } : {}) }
}

/** The same type with the words that fit one use of it. */
export function described<A extends Avro<unknown>>(type: A, doc: string): A {
  return { ...type, doc }
}

/** Avro defines a named type once per schema: from its second use on, the definition is replaced by the name. */
export function withNamesDefinedOnce(schema: AvroSchema, defined: Set<string> = new Set()): AvroSchema {
  if (typeof schema === 'string') return schema
  if (isUnion(schema)) return schema.map((branch) => withNamesDefinedOnce(branch, defined))
  if (schema.type === 'array') return { ...schema, items: withNamesDefinedOnce(schema.items, defined) }
  if (schema.type === 'long') return schema
  if (defined.has(schema.name)) return schema.name
  defined.add(schema.name)
  if (schema.type === 'enum') return schema
  const fields = schema.fields.map((field) => ({ ...field, type: withNamesDefinedOnce(field.type, defined) }))
  return { ...schema, fields }
}

export function isUnion(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema)
}
