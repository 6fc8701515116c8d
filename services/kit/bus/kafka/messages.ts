/** Messages as kafkajs has them, and as the port has them. Pure. */
import { isUtf8 } from 'node:buffer'
import type { Message, KafkaMessage as Received } from 'kafkajs'
import type { OutgoingMessage, RawMessage } from '../bus.ts'
import { mapValues } from '../headers.ts'

/** A sender may claim any time; this is the last one that is written with a year of four digits. */
export const farthestTimeMs = Date.UTC(9999, 11, 31)

export function toKafka({ key, headers, value }: OutgoingMessage): Message {
  return { key, value, headers: mapValues(headers, (header) => (isList(header) ? header.map(sent) : sent(header))) }
}

export function ofKafka(message: Received, topic: string, partition: number): RawMessage {
  return {
    topic,
    partition,
    offset: Number(message.offset),
    key: message.key,
    headers: mapValues(message.headers ?? {}, (header) => (isList(header) ? header.map(received) : received(header))),
    value: message.value,
    timestamp: new Date(Math.min(Number(message.timestamp), farthestTimeMs)),
  }
}

/** What a message takes of a request, without the few bytes of its frame. */
export function bytesOf({ key, headers, value }: OutgoingMessage): number {
  let bytes = (key?.byteLength ?? 0) + (value?.byteLength ?? 0)
  for (const [name, header] of Object.entries(headers))
    for (const one of isList(header) ? header : [header]) bytes += Buffer.byteLength(name) + Buffer.byteLength(one)
  return bytes
}

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value)

const sent = (value: string | Uint8Array) => (typeof value === 'string' ? value : Buffer.from(value))

/** A header without a value, which is neither text nor bytes, becomes an empty one. */
function received(value: Uint8Array | string | null | undefined): string | Uint8Array {
  if (value == null) return ''
  return typeof value !== 'string' && isUtf8(value) ? Buffer.from(value).toString() : value
}
