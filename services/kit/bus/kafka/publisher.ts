/**
 * Sends what the outbox says, in order.
 *
 * Invariants:
 * - one batch is on its way at a time, acknowledged by all replicas in sync before the next;
 * - kafkajs tries once, and after a rejection the producer is made anew (see `renewed.ts`). Its own second try leaves out
 *   every broker that answered the first: the messages of a partition whose leader has moved to one of them are lost, and
 *   said to be there;
 * - nothing is sent later than `sendLimitMs` after the call, even if the process was stopped meanwhile: what a successor
 *   has said since is not followed by what was cut off here.
 */
import { type ICustomPartitioner, Partitioners } from 'kafkajs'
import type { Clock } from '../../clock.ts'
import { type TrainyardError, unavailable } from '../../errors.ts'
import { makeTurns } from '../../turns.ts'
import { MessageRefused, type OutgoingMessage } from '../bus.ts'
import { type Cause, causeOf } from './causes.ts'
import type { Connect } from './connect.ts'
import { bytesOf, toKafka } from './messages.ts'
import { isOwnTopic, type Names } from './names.ts'
import { renewed } from './renewed.ts'

export interface PublisherOptions {
  readonly connect: Connect
  readonly names: Names
  readonly clock: Clock
  readonly classify: (error: unknown) => TrainyardError
}

export interface Publisher {
  publish(messages: readonly OutgoingMessage[]): Promise<void>
  close(): Promise<void>
}

const sendLimitMs = 20_000
/** How long a broker waits for the others; below the limit of a request, so that it is the broker who says so. */
const acknowledgedLimitMs = 10_000
/** What is sent last, and the answer that it waits for. */
export const publishLimitMs = sendLimitMs + 20_000

/** An idempotent producer refuses to be told 0; no number of tries is below this one either. */
const noRetries = Number.NaN

/** Well below the megabyte that a broker takes at once by default; a larger message goes alone. */
const batchBytes = 512 * 1024
const batchMessages = 500
/** A broker hangs up on requests of more than 100 MiB without a word. */
const largestBytes = 99 * 1024 * 1024

const neverTaken = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TOPIC_EXCEPTION']
/** Of Trainyard's own topics these are mended by whoever runs it. A platform's may stay like that, and is given up. */
const notTakenThere = ['UNKNOWN_TOPIC_OR_PARTITION', 'TOPIC_AUTHORIZATION_FAILED']
const giveUpMs = 60_000

export function makePublisher({ connect, names, clock, classify }: PublisherOptions): Publisher {
  const inTurn = makeTurns(1, Number.POSITIVE_INFINITY)
  const notTakenSinceMs = new Map<string, number>()
  let deadlineMs = 0

  // kafkajs asks for partitions right before it sends.
  const partitionInTime: ICustomPartitioner = () => {
    const partitionOf = Partitioners.DefaultPartitioner()
    return (message) => {
      if (clock.monotonicMs() > deadlineMs) throw unavailable(`it was not sent within ${sendLimitMs} ms`)
      return partitionOf(message)
    }
  }

  const make = () =>
    connect((kafka) =>
      kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        createPartitioner: partitionInTime,
        retry: { retries: noRetries },
      }),
    )
  const producer = renewed(make, clock, publishLimitMs)

  function isRefusal({ type }: Cause, topic: string): boolean {
    if (neverTaken.includes(type)) return true
    if (isOwnTopic(topic) || !notTakenThere.includes(type)) return false
    const nowMs = clock.monotonicMs()
    const sinceMs = notTakenSinceMs.get(topic) ?? nowMs
    notTakenSinceMs.set(topic, sinceMs)
    return nowMs - sinceMs > giveUpMs
  }

  /** Whatever it is, whoever can mend it is waited for: what was said must not be lost. */
  function notTaken(count: number, error: unknown): TrainyardError {
    const { message, hint } = classify(error)
    const why = hint === undefined ? message : `${message}. ${hint}`
    return unavailable(`Kafka has not taken ${count} messages: ${why}`, { cause: error })
  }

  async function send(messages: readonly OutgoingMessage[], first: number): Promise<void> {
    const topicMessages = [...Map.groupBy(messages, ({ topic }) => names.topic(topic))].map(([topic, group]) => ({
      topic,
      messages: group.map(toKafka),
    }))
    try {
      await producer.use((client) => client.sendBatch({ acks: -1, timeout: acknowledgedLimitMs, topicMessages }))
      for (const { topic } of messages) notTakenSinceMs.delete(topic)
    } catch (error) {
      const cause = causeOf(error)
      if (!messages.some(({ topic }) => isRefusal(cause, topic))) throw notTaken(messages.length, error)
      if (messages.length === 1) throw new MessageRefused(first, `Kafka does not take it: ${cause.message}`)
      // One of them is to blame. The others may be there already, and are said again.
      const middle = Math.ceil(messages.length / 2)
      await send(messages.slice(0, middle), first)
      await send(messages.slice(middle), first + middle)
    }
  }

  return {
    publish(messages) {
      const ownDeadlineMs = clock.monotonicMs() + sendLimitMs
      return inTurn(async () => {
        if (clock.monotonicMs() > ownDeadlineMs)
          throw unavailable(`Kafka has not taken ${messages.length} messages: others were before them for too long`)
        deadlineMs = ownDeadlineMs
        let first = 0
        for (const batch of batchesOf(messages)) {
          const [message] = batch
          if (message && bytesOf(message) > largestBytes)
            throw new MessageRefused(first, `it has more than ${largestBytes} bytes, and Kafka hangs up on those`)
          await send(batch, first)
          first += batch.length
        }
      })
    },
    close: () => inTurn(() => producer.close()),
  }
}

/** In order, each small enough to be taken at once. */
function batchesOf(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const batches: OutgoingMessage[][] = []
  let bytes = 0
  for (const message of messages) {
    const last = batches.at(-1)
    bytes += bytesOf(message)
    if (last && last.length < batchMessages && bytes <= batchBytes) last.push(message)
    else {
      batches.push([message])
      bytes = bytesOf(message)
    }
  }
  return batches
}
