/** CloudEvents over Kafka: Trainyard's own events in binary mode, both directions; the platform's in either mode, in. */

import { z } from 'zod'
import { type CloudEvent, CloudEventError, parseJson, readAttributes, readStructured } from './cloudevents.ts'

/** The attributes of one of Trainyard's own events. */
export type EventAttributes = {
  id: string
  /** The service that said it, e.g. `/trainyard/launcher`. */
  source: string
  type: string
  /** The bot. */
  subject: string
  time: Date
  /** Id of the event that caused it. */
  causationId: string
  /** Id of the chain that it belongs to. */
  correlationId: string
  /** W3C trace context. */
  traceparent: string
}

/** As Kafka has them: text; bytes where they are no UTF-8; a list where a header occurs more than once. */
type Headers = Readonly<Record<string, string | Uint8Array | readonly (string | Uint8Array)[]>>

export const avroType = 'application/avro'
const structuredPrefix = 'application/cloudevents'
const attributePrefix = 'ce_'

export function toHeaders(attributes: EventAttributes): Record<string, string> {
  return {
    'content-type': avroType,
    ce_specversion: '1.0',
    ce_id: attributes.id,
    ce_source: attributes.source,
    ce_type: attributes.type,
    ce_subject: attributes.subject,
    ce_time: attributes.time.toISOString(),
    ce_causationid: attributes.causationId,
    ce_correlationid: attributes.correlationId,
    ce_traceparent: attributes.traceparent,
  }
}

const Header = z.string({ error: ({ input }) => problemOf(input) }).min(1, { error: 'is empty', abort: true })

function problemOf(header: unknown): string {
  if (header === undefined) return 'is missing'
  return Array.isArray(header) ? 'is doubled' : 'is not UTF-8'
}

// Only looked at here, and made into attributes below: of what zod transforms, V8 keeps some until the next full garbage
// collection, and every service reads the headers of every event.
const OwnHeaders = z.object({
  'content-type': Header.refine((type) => type === avroType, { error: `expected ${avroType}` }),
  ce_specversion: Header.refine((version) => version === '1.0', { error: 'expected 1.0' }),
  ce_id: Header,
  ce_source: Header,
  ce_type: Header,
  ce_subject: Header,
  ce_time: Header.refine((time) => !Number.isNaN(Date.parse(time)), { error: 'expected a time (RFC 3339)' }),
  ce_causationid: Header,
  ce_correlationid: Header,
  ce_traceparent: Header,
})

/** Reads the headers of one of Trainyard's own events. Throws a CloudEventError that names the header. */
export function fromHeaders(headers: Headers): EventAttributes {
  const { data: read, error } = OwnHeaders.safeParse(headers)
  if (error) {
    const words = error.issues.map((issue) => `header ${issue.path.join('.')}: ${issue.message}`)
    throw new CloudEventError(words.join('; '))
  }
  return {
    id: read.ce_id,
    source: read.ce_source,
    type: read.ce_type,
    subject: read.ce_subject,
    time: new Date(read.ce_time),
    causationId: read.ce_causationid,
    correlationId: read.ce_correlationid,
    traceparent: read.ce_traceparent,
  }
}

/**
 * Reads an event of the platform, binary or structured. Undefined when the message is no CloudEvent at all; throws a
 * CloudEventError when it is a wrong one.
 */
export function readMessage(headers: Headers, value: Uint8Array | null): CloudEvent | undefined {
  const contentType = textOf('content-type', headers['content-type'] ?? '')
  if (contentType.toLowerCase().startsWith(structuredPrefix)) {
    if (value === null) throw new CloudEventError('message: a structured CloudEvent without a value')
    return readStructured(parseJson(value, 'message'), 'message')
  }
  if (headers[`${attributePrefix}specversion`] === undefined) return undefined
  const attributes = Object.entries(headers)
    .filter(([name]) => name.startsWith(attributePrefix))
    .map(([name, value]) => [name.slice(attributePrefix.length), textOf(name, value)])
  const datacontenttype = contentType === '' ? undefined : contentType
  return readAttributes({ ...Object.fromEntries(attributes), datacontenttype }, value, 'message')
}

function textOf(name: string, value: Headers[string]): string {
  if (typeof value === 'string') return value
  throw new CloudEventError(`header ${name}: ${problemOf(value)}`)
}
