/** CloudEvents 1.0: one plain shape for events of the platform, however they came. */

import { z } from 'zod'
import { isStorable } from './words.ts'

/** An event of the platform. JSON data is parsed; data of another content type stays bytes. */
export type CloudEvent = {
  id: string
  source: string
  type: string
  subject?: string
  time?: string
  /** Where it is not `usualContentType`. */
  datacontenttype?: string
  dataschema?: string
  data: unknown
  extensions: Record<string, string>
}

/** Not a CloudEvent; the message names what is wrong. */
export class CloudEventError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CloudEventError'
  }
}

/** What data is where an event does not say. */
export const usualContentType = 'application/json'

/** The longest that an attribute may be, in characters. */
const maximumAttribute = 2000
/** The deepest that objects and lists of the data may nest. */
const maximumDepth = 100

const Attribute = z
  .string({ error: (issue) => (issue.input === undefined ? 'is missing' : 'expected a text') })
  .min(1, { error: 'is empty' })
  .max(maximumAttribute, { error: `is longer than ${maximumAttribute} characters` })
  .refine(isStorable, { error: 'holds NUL or half of a surrogate pair' })

const Attributes = z.object({
  specversion: Attribute.refine((version) => version === '1.0', { error: 'expected 1.0' }),
  id: Attribute,
  source: Attribute,
  type: Attribute,
  subject: Attribute.optional(),
  time: Attribute.refine((time) => z.iso.datetime({ offset: true }).safeParse(time).success, {
    error: 'expected a time such as 2026-01-31T12:00:00Z (RFC 3339)',
  }).optional(),
  datacontenttype: Attribute.optional(),
  dataschema: Attribute.optional(),
})

const coreNames: ReadonlySet<string> = new Set(Object.keys(Attributes.shape))

const Extension = z.union([Attribute, z.number().transform(String), z.boolean().transform(String)], {
  error: 'expected a text',
})
const ExtensionName = /^[a-z0-9]+$/

export function isJson(contentType: string): boolean {
  const [mediaType = ''] = contentType.toLowerCase().split(';')
  return /^application\/json$|\+json$/.test(mediaType.trim())
}

export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    const why = error instanceof SyntaxError ? 'JSON' : 'UTF-8'
    throw new CloudEventError(`${what}: not valid ${why}`, { cause: error })
  }
}

/** Reads one event in the structured JSON form. `what` begins each error: which event it is. */
export function readStructured(value: unknown, what = 'event'): CloudEvent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CloudEventError(`${what}: expected a JSON object with the attributes of a CloudEvent`)
  }
  const { data, data_base64: base64, ...attributes } = { data: undefined, data_base64: undefined, ...value }
  if (base64 === undefined || base64 === null) return readAttributes(attributes, data ?? null, what)
  if (data !== undefined) throw new CloudEventError(`${what}: has both data and data_base64`)
  const bytes = z.base64().safeParse(base64)
  if (!bytes.success) throw new CloudEventError(`${what}: data_base64: expected a text in base64`)
  return readAttributes(attributes, Buffer.from(bytes.data, 'base64'), what)
}

/** Checks the attributes by name; bytes of JSON are parsed. A null attribute is one that is not there. */
export function readAttributes(attributes: Readonly<Record<string, unknown>>, data: unknown, what: string): CloudEvent {
  const present = Object.entries(attributes).filter(([, value]) => value !== null && value !== undefined)
  const core = Attributes.safeParse(Object.fromEntries(present))
  if (!core.success) throw new CloudEventError(`${what}: ${wordsOf(core.error)}`)
  const { id, source, type, subject, time, datacontenttype = usualContentType, dataschema } = core.data
  const extensions = present.flatMap(([name, value]) => (coreNames.has(name) ? [] : [readExtension(name, value, what)]))
  const isBytesOfJson = data instanceof Uint8Array && isJson(datacontenttype)
  return {
    id,
    source,
    type,
    ...(subject === undefined ? {} : { subject }),
    ...(time === undefined ? {} : { time }),
    ...(datacontenttype === usualContentType ? {} : { datacontenttype }),
    ...(dataschema === undefined ? {} : { dataschema }),
    data: isBytesOfJson && data.length > 0 ? parseJson(data, `${what}: data`) : isBytesOfJson ? null : data,
    extensions: Object.fromEntries(extensions),
  }
}

function readExtension(name: string, value: unknown, what: string): [string, string] {
  if (!ExtensionName.test(name)) {
    throw new CloudEventError(`${what}: ${JSON.stringify(name)}: names of attributes are lower-case letters and digits`)
  }
  const text = Extension.safeParse(value)
  if (!text.success) throw new CloudEventError(`${what}: ${name}: ${wordsOf(text.error)}`)
  return [name, text.data]
}

function wordsOf(error: z.ZodError): string {
  return error.issues.map((issue) => [...issue.path, issue.message].join(': ')).join('; ')
}

/** Refuses data that PostgreSQL can't keep or that nests too deep. Not recursive: the depth is the sender's choice. */
export function assertStorable(data: unknown, what: string): void {
  const open: { value: unknown; path: string; depth: number }[] = [{ value: data, path: 'data', depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path, depth } = next
    if (depth > maximumDepth) throw new CloudEventError(`${what}: data nests deeper than ${maximumDepth}`)
    if (typeof value === 'string' && !isStorable(value)) {
      throw new CloudEventError(`${what}: ${path}: holds NUL or half of a surrogate pair`)
    }
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) continue
    for (const [name, inner] of Object.entries(value)) {
      if (!isStorable(name)) throw new CloudEventError(`${what}: ${path}: a name holds NUL or half of a surrogate pair`)
      open.push({ value: inner, path: `${path}/${name}`, depth: depth + 1 })
    }
  }
}
