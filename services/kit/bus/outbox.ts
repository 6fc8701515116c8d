import { catalogue, type EventData, type EventName, keyOf, typeOf } from '../../../schemas/catalogue.ts'
import { toHeaders } from '../../../schemas/cloudevents-kafka.ts'
import type { Codec } from '../../../schemas/codec.ts'
import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'
import type { Statement, Transaction } from '../store/database.ts'
import type { OutgoingMessage, RawMessage } from './bus.ts'
import { headersToJson } from './headers.ts'
import { firstPlaceHeaders } from './place.ts'

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
  /** Sends messages to the dead letters: bytes and headers untouched, with the place and the reason beside them. */
  deadLetter(transaction: Transaction, letters: readonly DeadLetter[]): Promise<void>
}

/** Who could not handle what, and why; a message that never lay on the bus has no place there. */
export type DeadLetter = { readonly group: string; readonly reason: string } & (
  | RawMessage
  | (OutgoingMessage & { readonly partition?: never })
)

export interface OutboxOptions {
  readonly service: string
  readonly codec: Codec
  readonly clock: Clock
  readonly random: Random
  /** Called after a commit that said something. */
  readonly wake: () => void
}

const longestReason = 2_000
const rowsAtOnce = 1_000

export function makeOutbox(options: OutboxOptions): Outbox {
  const { service, codec, clock, random, wake } = options

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
    return {
      topic: catalogue[name].topic,
      key: Buffer.from(keyOf(name, data)),
      headers,
      value: codec.encode(name, data),
    }
  }

  function insertionOf(messages: readonly OutgoingMessage[]): Statement {
    const text = `insert into ${service}.outbox (topic, key, headers, value)
       select topic, key, headers, value
         from unnest($1::text[], $2::bytea[], $3::json[], $4::bytea[]) with ordinality as said (topic, key, headers, value, place)
        order by place`
    const values = [
      messages.map(({ topic }) => topic),
      messages.map(({ key }) => key),
      messages.map(({ headers }) => JSON.stringify(headersToJson(headers))),
      messages.map(({ value }) => value),
    ]
    return { text, values }
  }

  /** All that one transaction says, in order. */
  function begin(transaction: Transaction): OutgoingMessage[] {
    const messages: OutgoingMessage[] = []
    // In portions: the driver turns all values of a statement into one text.
    transaction.beforeCommit(() => portionsOf(messages, rowsAtOnce).map(insertionOf))
    transaction.afterCommit(wake)
    return messages
  }

  const outbox: Outbox = {
    append: (transaction, occurrences) => outbox.publishRaw(transaction, occurrences.map(messageOf)),

    async publishRaw(transaction, messages) {
      if (messages.length === 0) return
      const before = transaction.own(outbox, () => begin(transaction))
      for (const message of messages) before.push(message)
    },

    async deadLetter(transaction, letters) {
      const time = clock.now().toISOString()
      await outbox.publishRaw(
        transaction,
        letters.map((letter) => ({
          topic: 'trainyard.dead-letters',
          key: letter.key,
          headers: { ...letter.headers, ...placeHeaders(letter), ...reasonHeaders(letter, time) },
          value: letter.value,
        })),
      )
    },
  }
  return outbox
}

function placeHeaders(letter: DeadLetter): Record<string, string> {
  if (letter.partition === undefined) return { 'dead-letter-topic': letter.topic }
  return {
    ...firstPlaceHeaders(letter),
    'dead-letter-topic': letter.topic,
    'dead-letter-partition': String(letter.partition),
    'dead-letter-offset': String(letter.offset),
  }
}

function reasonHeaders({ group, reason }: DeadLetter, time: string): Record<string, string> {
  return {
    'dead-letter-group': group,
    'dead-letter-reason': reason.slice(0, longestReason),
    'dead-letter-time': time,
  }
}

function portionsOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
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
