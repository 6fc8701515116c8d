import assert from 'node:assert/strict'
import { pino } from 'pino'
import type { Bus, OutgoingMessage, RawMessage } from '../../../services/kit/bus/bus.ts'
import { openKafkaBus } from '../../../services/kit/bus/kafka/bus.ts'
import type { KafkaSettings } from '../../../services/kit/bus/kafka/settings.ts'
import { type Clock, systemClock } from '../../../services/kit/clock.ts'
import { cleanup, type Ending } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Subject } from '../../kit/bus/conformance.ts'
import { sharedBroker } from '../broker/shared.ts'
import { createTopics, uniqueName } from '../broker/topics.ts'

export interface Client extends Bus {
  /** What would have ended the process. */
  readonly failures: unknown[]
}

export function settingsFor(brokers: readonly string[], prefix = `${uniqueName('test')}.`): KafkaSettings {
  return { brokers, prefix, tls: undefined, sasl: undefined }
}

export interface ClientOptions {
  readonly clock?: Clock | undefined
  readonly sessionLimitMs?: number
}

/** A bus on that Kafka, closed when the test ends. */
export function openClient(t: Ending, settings: KafkaSettings, { clock, ...limits }: ClientOptions = {}): Client {
  const failures: unknown[] = []
  const log = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' })
  const fail = (error: unknown) => failures.push(error)
  const bus = openKafkaBus({ settings, clock: clock ?? systemClock, log, fail, ...limits })
  cleanup(t, () => bus.close())
  return Object.assign(bus, { failures })
}

/** Clients of the shared broker, and topics of three partitions. */
export async function kafkaSubject(t: Ending): Promise<Subject> {
  const brokers = await sharedBroker()
  const settings = settingsFor(brokers)
  return {
    open: () => openClient(t, settings),
    async topic() {
      const topic = uniqueName('things')
      await createTopics(brokers, [{ topic, numPartitions: 3 }])
      return topic
    },
  }
}

/** Publishes as the relay does: what was rejected is published again before anything else. */
export async function insist(bus: Bus, messages: readonly OutgoingMessage[]): Promise<void> {
  await eventually(
    async () => {
      await bus.publish(messages)
      return true
    },
    { timeoutMs: 120_000, what: 'a publish' },
  )
}

/** Numbered messages over some keys: the same number of each, in the order of the numbers. */
export function burst(topic: string, count: number, { keys = 10, first = 0 } = {}): OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    topic,
    key: Buffer.from(`key-${(first + index) % keys}`),
    headers: {},
    value: Buffer.from(String(first + index)),
  }))
}

/** No message was handled twice, none of so many is missing, and within a key none first came after a later one. */
export function assertNothingLostOrDoubled(seen: readonly RawMessage[], count: number): void {
  const places = seen.map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`)
  assert.equal(new Set(places).size, places.length, 'handled twice')
  const firsts = new Map<string, number[]>()
  for (const { key, value } of seen) {
    const known = firsts.get(String(key)) ?? []
    firsts.set(String(key), known)
    if (!known.includes(Number(value))) known.push(Number(value))
  }
  assert.equal([...firsts.values()].flat().length, count, 'different messages')
  for (const [key, numbers] of firsts)
    assert.deepEqual(
      numbers,
      [...numbers].sort((one, other) => one - other),
      `the order of ${key}`,
    )
}
