/** A message of a topic, read: a CloudEvent in either mode, or plain JSON or Avro, which is known by its place alone. */
import {
  type CloudEvent,
  CloudEventError,
  isJson,
  parseJson,
  readStructured,
  usualContentType,
} from '../../schemas/cloudevents.ts'
import { readMessage } from '../../schemas/cloudevents-kafka.ts'
import { looksFramed } from '../../schemas/confluent-frame.ts'
import type { RawMessage } from '../kit/bus/bus.ts'
import type { ReadAvro } from '../kit/schema-registry/avro.ts'
import { originOf, type SignalOrigin } from './signal.ts'

/** An event, however it came, with what triggers look at. */
export type Incoming = {
  readonly topic: string
  readonly type: unknown
  /** The event as structured JSON: what the pointers of triggers point into. */
  readonly view: unknown
  readonly origin: SignalOrigin
  readonly traceparent: string | undefined
}

export type Reading =
  | { readonly kind: 'event'; readonly event: Incoming }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'notUnderstood'; readonly reason: string }

/** Rejects when the schema registry is away: then nothing is known of the message yet. */
export type Read = (message: RawMessage) => Promise<Reading>

/** @param isKnownType whether any trigger is for events of this type; the data of others is left alone */
export function makeRead(readAvro: ReadAvro, isKnownType: (type: string) => boolean): Read {
  return async (message) => {
    try {
      return isAvro(message) ? await readFramed(message, message.value) : readJson(message)
    } catch (error) {
      if (error instanceof CloudEventError) return notUnderstood(error.message)
      throw error
    }
  }

  async function readFramed(message: RawMessage, value: Buffer): Promise<Reading> {
    const event = readMessage(message.headers, null)
    if (event && !isKnownType(event.type)) return { kind: 'event', event: incomingOf(event, message.topic) }
    const data = await readAvro(value)
    if ('problem' in data) return notUnderstood(`Avro: ${data.problem}`)
    if (event) return { kind: 'event', event: incomingOf({ ...event, data: data.value }, message.topic) }
    return readPlain(data.value, message, data.name)
  }
}

function isAvro(message: RawMessage): message is RawMessage & { value: Buffer } {
  const { headers, value } = message
  if (value === null) return false
  const contentType = headers['content-type'] ?? ''
  if (typeof contentType !== 'string' || contentType.toLowerCase().startsWith('application/cloudevents')) return false
  if (/\bavro\b/i.test(contentType)) return true
  // Most serialisers of Avro say nothing of it in the headers.
  return looksFramed(value) && (contentType === '' || isJson(contentType) || /\boctet-stream\b/i.test(contentType))
}

function readJson(message: RawMessage): Reading {
  const { headers, value, topic } = message
  const event = readMessage(headers, value)
  if (event) return { kind: 'event', event: incomingOf(event, topic) }
  // A tombstone tells those who keep the topic's newest record, and nothing to us.
  if (value === null) return { kind: 'nothing' }
  return readPlain(parseJson(value, 'message'), message, undefined)
}

/** @param name what plain Avro says of its kind, in the place of a type */
function readPlain(value: unknown, message: RawMessage, name: string | undefined): Reading {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return notUnderstood(`message: expected ${name === undefined ? 'a JSON object' : 'a record'}`)
  if ('specversion' in value)
    return { kind: 'event', event: incomingOf(readStructured(value, 'message'), message.topic) }
  const traceparent = message.headers['traceparent']
  const event: Incoming = {
    topic: message.topic,
    type: Object.hasOwn(value, 'type') ? Reflect.get(value, 'type') : name,
    view: value,
    origin: originOf(message),
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  }
  return { kind: 'event', event }
}

export function incomingOf(event: CloudEvent, topic: string): Incoming {
  const { extensions, data, ...attributes } = event
  // Bytes of another type than JSON have no fields to point at.
  const readable = data instanceof Uint8Array ? null : data
  return {
    topic,
    type: event.type,
    view: { specversion: '1.0', datacontenttype: usualContentType, ...extensions, ...attributes, data: readable },
    origin: { source: event.source, eventId: event.id },
    traceparent: extensions['traceparent'],
  }
}

const notUnderstood = (reason: string): Reading => ({ kind: 'notUnderstood', reason })
