import { catalogue, type EventData, type EventName, keyOf, typeOf } from '../../../schemas/catalogue.ts'
import { toHeaders } from '../../../schemas/cloudevents-kafka.ts'
import { encode } from '../../../schemas/codec.ts'
import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'
import type { Transaction } from '../store/database.ts'
import type { OutgoingMessage, RawMessage } from './bus.ts'

/** What something was caused by: the id of the event, the chain it belongs to, and its place in the trace. */
export interface Cause {
  readonly id: string
  readonly correlationId: string
  /** W3C Trace Context. */
  readonly traceparent: string
}

/** Something that has become true and is to be said. */
export type Occurrence = {
  [N in EventName]: { readonly name: N; readonly data: EventData<N>; readonly cause: Cause }
}[EventName]

/**
 * What a service says is first a row in the transaction that makes it true, so it is said if and only if it happened.
 * Whoever appends holds the lock on the row of the event's key: then the order of the rows is the order of truth.
 */
export interface Outbox {
  append(transaction: Transaction, occurrences: readonly Occurrence[]): Promise<void>
  /** For bytes that are not ours to understand, as in a replay. */
  publishRaw(transaction: Transaction, messages: readonly OutgoingMessage[]): Promise<void>
  /** Sends a message to the dead letters: its bytes and headers untouched, with its place and the reason beside them. */
  deadLetter(transaction: Transaction, message: DeadLetter, reason: string): Promise<void>
}

export type DeadLetter = Omit<RawMessage, 'offset' | 'partition'> & {
  readonly group: string
  readonly partition?: number
  readonly offset?: number
}

export interface OutboxOptions {
  readonly service: string
  readonly clock: Clock
  readonly random: Random
  /** Called after a commit that said something. */
  readonly wake: () => void
}

const longestReason = 2_000

export function makeOutbox(options: OutboxOptions): Outbox {
  const { service, clock, random, wake } = options

  function messageOf(occurrence: Occurrence): OutgoingMessage {
    const { name, data, cause } = occurrence
    const headers = toHeaders({
      id: random.uuid(),
      source: `/trainyard/${service}`,
      type: typeOf(name),
      time: clock.now(),
      subject: data.bot,
      causationId: cause.id,
      correlationId: cause.correlationId,
      traceparent: nextSpan(cause.traceparent, random),
    })
    return { topic: catalogue[name].topic, key: keyOf(name, data), headers, value: encode(name, data) }
  }

  const outbox: Outbox = {
    append: (transaction, occurrences) => outbox.publishRaw(transaction, occurrences.map(messageOf)),

    async publishRaw(transaction, messages) {
      if (messages.length === 0) return
      await transaction.execute(
        `insert into ${service}.outbox (topic, key, headers, value)
         select topic, key, headers, value
           from unnest($1::text[], $2::text[], $3::jsonb[], $4::bytea[]) with ordinality as said (topic, key, headers, value, place)
          order by place`,
        [
          messages.map(({ topic }) => topic),
          messages.map(({ key }) => key),
          messages.map(({ headers }) => JSON.stringify(headers)),
          messages.map(({ value }) => value),
        ],
      )
      transaction.afterCommit(wake)
    },

    async deadLetter(transaction, message, reason) {
      const place = {
        'dead-letter-topic': message.topic,
        'dead-letter-partition': String(message.partition ?? ''),
        'dead-letter-offset': String(message.offset ?? ''),
        'dead-letter-group': message.group,
        'dead-letter-reason': reason.slice(0, longestReason),
        'dead-letter-time': clock.now().toISOString(),
      }
      // The key is text here and bytes where it came from; a key that is no UTF-8 is kept beside the message.
      const key = message.key?.toString('utf8') ?? null
      const faithful = key === null || Buffer.from(key).equals(message.key ?? Buffer.alloc(0))
      const rawKey = faithful ? {} : { 'dead-letter-key-base64': message.key?.toString('base64') ?? '' }
      await outbox.publishRaw(transaction, [
        {
          topic: 'trainyard.dead-letters',
          key: faithful ? (key?.replaceAll('\0', '\u{fffd}') ?? null) : null,
          headers: { ...message.headers, ...place, ...rawKey },
          value: message.value,
        },
      ])
    },
  }
  return outbox
}

/** The beginning of a new chain, or one that goes on from a caller's trace. */
export function origin(random: Random, traceparent?: string): Cause {
  const id = random.uuid()
  const inherited = traceparent !== undefined && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)
  return {
    id,
    correlationId: id,
    traceparent: inherited
      ? traceparent
      : `00-${random.bytes(16).toString('hex')}-${random.bytes(8).toString('hex')}-01`,
  }
}

function nextSpan(traceparent: string, random: Random): string {
  const [version, trace, , flags] = traceparent.split('-')
  return `${version}-${trace}-${random.bytes(8).toString('hex')}-${flags}`
}
