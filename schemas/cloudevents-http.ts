/** CloudEvents over HTTP, in all three modes of the binding: structured, binary (`ce-…` headers and a body), batch. */

import {
  assertStorable,
  type CloudEvent,
  CloudEventError,
  isJson,
  parseJson,
  readAttributes,
  readStructured,
} from './cloudevents.ts'

export const structuredType = 'application/cloudevents+json'
export const batchType = 'application/cloudevents-batch+json'

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

const attributePrefix = 'ce-'

/**
 * The events of one request, in order. The body may be bytes, or JSON that is parsed already. Header names are lower-case,
 * as Node gives them. Throws a CloudEventError; of a batch, nothing is taken when one event is wrong.
 */
export function readHttp(headers: Headers, body: unknown): CloudEvent[] {
  const contentType = header(headers, 'content-type') ?? ''
  const [mediaType = ''] = contentType.toLowerCase().split(';')
  const events = readMode(mediaType.trim(), contentType, headers, body)
  for (const [index, event] of events.entries()) assertStorable(event.data, nameOf(index, events.length))
  return events
}

function readMode(mediaType: string, contentType: string, headers: Headers, body: unknown): CloudEvent[] {
  if (mediaType === batchType) return readBatch(parsed(body))
  if (mediaType === structuredType) return [readStructured(parsed(body))]
  if (headers[`${attributePrefix}specversion`] !== undefined) return [readBinary(headers, contentType, body)]
  throw new CloudEventError(
    `not a CloudEvent: expected the content type ${structuredType} or ${batchType}, or ce-… headers beside the data`,
  )
}

function readBatch(value: unknown): CloudEvent[] {
  if (!Array.isArray(value)) throw new CloudEventError('batch: expected a JSON list of CloudEvents')
  return value.map((event, index) => readStructured(event, nameOf(index, value.length)))
}

function readBinary(headers: Headers, contentType: string, body: unknown): CloudEvent {
  const attributes = Object.keys(headers)
    .filter((name) => name.startsWith(attributePrefix))
    .map((name) => [name.slice(attributePrefix.length), decoded(name, header(headers, name) ?? '')])
  const datacontenttype = contentType === '' ? undefined : contentType
  const isParsed = !(body instanceof Uint8Array)
  if (isParsed && contentType !== '' && !isJson(contentType)) throw new CloudEventError(`unread body of ${contentType}`)
  return readAttributes({ ...Object.fromEntries(attributes), datacontenttype }, body ?? null, nameOf(0, 1))
}

function parsed(body: unknown): unknown {
  return body instanceof Uint8Array ? parseJson(body, 'body') : body
}

function header(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}

/** The binding percent-encodes what HTTP headers can't carry. */
function decoded(name: string, value: string): string {
  try {
    return decodeURIComponent(value)
  } catch (error) {
    throw new CloudEventError(`header ${name}: not valid percent-encoding`, { cause: error })
  }
}

function nameOf(index: number, count: number): string {
  return count === 1 ? 'event' : `event ${index + 1} of ${count}`
}
