import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { committedCodec } from '../../schemas/codec.ts'
import { type Configuration, defaultConfiguration } from '../../schemas/configuration.ts'
import { openPostgresBlobs } from '../../services/kit/blobs/postgres.ts'
import type { RawMessage } from '../../services/kit/bus/bus.ts'
import { type ReceivedEvent, receive } from '../../services/kit/bus/events.ts'
import { handlingOf } from '../../services/kit/bus/handling.ts'
import { makeOutbox, type Occurrence, origin } from '../../services/kit/bus/outbox.ts'
import { type Clock, systemClock } from '../../services/kit/clock.ts'
import { type Environment, parseEnvironment } from '../../services/kit/environment.ts'
import { type HttpApp, makeHttpApp } from '../../services/kit/http/app.ts'
import { makeLoop } from '../../services/kit/loop.ts'
import { systemRandom } from '../../services/kit/random.ts'
import { makeReadAvro } from '../../services/kit/schema-registry/avro.ts'
import type { Kit, ServiceDefinition, ServiceParts } from '../../services/kit/service.ts'
import type { Database, Statement, Transaction } from '../../services/kit/store/database.ts'
import { cleanup } from './cleanup.ts'
import { testDatabase } from './database.ts'

export interface TestKit extends Kit {
  readonly parts: ServiceParts
  readonly app: HttpApp
  readonly inject: HttpApp['inject']
  /** Feeds events to the service's consumers of their topics, as the bus would: in one transaction a topic. */
  deliver(events: readonly Pick<Occurrence, 'name' | 'data'>[]): Promise<void>
  /** The same for bytes as they came from a platform's topic. */
  deliverRaw(messages: readonly (Pick<RawMessage, 'topic' | 'value'> & Partial<RawMessage>)[]): Promise<void>
  /** What the service has said so far, in order. */
  emitted(): Promise<readonly ReceivedEvent[]>
  /** The same, dead letters too, as messages on the bus. */
  messages(): Promise<readonly RawMessage[]>
  /** The dead letters that the service has said so far. */
  buried(): Promise<readonly { value: Buffer | null; headers: Record<string, string> }[]>
  /** One look of the loop with this name; resolves to what the loop answered. */
  work(loop: string): Promise<number | undefined>
}

export interface TestKitOptions {
  readonly configuration?: Configuration
  readonly clock?: Clock
  /** Environment variables beside the defaults. */
  readonly variables?: Readonly<Record<string, string>>
  /** Another replica on the same database. */
  readonly database?: Database & { url: string }
  /** Called at every named point. */
  readonly point?: (name: string) => Promise<void>
}

/** One service on a real database of its own, with the bus held in the test's hand. */
export async function testKit(
  t: TestContext,
  definition: ServiceDefinition,
  options: TestKitOptions = {},
): Promise<TestKit> {
  const database = options.database ?? (await testDatabase(t, [definition]))
  const clock = options.clock ?? systemClock
  const log = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' })
  const environment: Environment = parseEnvironment({ TRAINYARD_PORT: '0', ...options.variables })
  const metrics = new Registry()
  const outbox = makeOutbox({
    service: definition.name,
    codec: committedCodec,
    clock,
    random: systemRandom,
    wake: () => {},
  })
  const delivered: RawMessage[] = []
  const kit: Kit = {
    environment,
    configuration: options.configuration ?? defaultConfiguration(),
    clock,
    random: systemRandom,
    log,
    database,
    blobs: openPostgresBlobs(database, systemRandom, environment.blobLimitBytes),
    outbox,
    readAvro: makeReadAvro(environment.schemaRegistryUrl, clock),
    peek: async (topic, count) => delivered.filter((message) => message.topic === topic).slice(-count),
    metrics,
    publicUrl: () => 'http://127.0.0.1:7070',
    localUrl: () => 'http://127.0.0.1:7070',
    origin: (traceparent) => origin(systemRandom, traceparent),
    loop: (name, pollMs, work) => makeLoop({ name, pollMs, work }, clock, log),
    fail(error) {
      throw error
    },
    point: options.point ?? (async () => {}),
  }
  const parts = await definition.build(kit)
  const app = await makeHttpApp({ environment, log, metrics, ready: async () => ({ ready: true }) })
  parts.routes?.(app)
  cleanup(t, () => app.close())
  await app.ready()

  const offsets = new Map<string, number>()
  const encoder = makeOutbox({ service: 'encoder', codec: committedCodec, clock, random: systemRandom, wake: () => {} })

  /** Lets the real outbox encode, and catches what it would have inserted. */
  async function messagesOf(events: readonly Pick<Occurrence, 'name' | 'data'>[]): Promise<RawMessage[]> {
    const last: (() => readonly Statement[])[] = []
    const recorder: Transaction = {
      own: (_owner, make) => make(),
      query: async () => [],
      execute: async () => 0,
      beforeCommit: (statements: () => readonly Statement[]) => last.push(statements),
      afterCommit: () => {},
      whenInDoubt: () => {},
      script: async () => {},
    }
    const occurrences = events.map((event) => ({ ...event, cause: kit.origin() }) as Occurrence)
    await encoder.append(recorder, occurrences)
    const columns = last.flatMap((statements) => statements()).flatMap(({ values }) => values as unknown[][])
    const [topics = [], keys = [], headers = [], values = []] = columns
    return topics.map((topic, index) => {
      const name = String(topic)
      const offset = offsets.get(name) ?? 0
      offsets.set(name, offset + 1)
      return {
        topic: name,
        partition: 0,
        offset,
        key: keys[index] as Buffer,
        headers: JSON.parse(String(headers[index])),
        value: values[index] as Buffer,
        timestamp: clock.now(),
      }
    })
  }

  async function give(messages: readonly RawMessage[]): Promise<void> {
    delivered.push(...messages)
    for (const consumer of parts.consumers ?? []) {
      const topics: readonly string[] = consumer.topics
      const mine = messages.filter((message) => topics.includes(message.topic))
      if (mine.length === 0) continue
      const handling = handlingOf(consumer, { ...kit, codec: committedCodec })
      const handle = await handling.prepare(mine)
      await database.transaction((transaction) => handle(transaction, mine))
    }
  }

  async function said(): Promise<
    { topic: string; key: Buffer | null; headers: Record<string, string>; value: Buffer | null }[]
  > {
    return await database.query(`select topic, key, headers, value from ${definition.name}.outbox order by id`)
  }

  const messages = async (): Promise<RawMessage[]> =>
    (await said()).map((row, offset) => ({ ...row, partition: 0, offset, timestamp: clock.now() }))

  return {
    ...kit,
    parts,
    app,
    inject: app.inject.bind(app),
    deliver: async (events) => give(await messagesOf(events)),
    deliverRaw: (messages) =>
      give(
        messages.map((message) => {
          const offset = offsets.get(message.topic) ?? 0
          offsets.set(message.topic, offset + 1)
          return { partition: 0, offset, key: null, headers: {}, timestamp: clock.now(), ...message }
        }),
      ),
    async emitted() {
      const events = (await messages()).filter(({ topic }) => topic !== 'trainyard.dead-letters')
      return events.map((message) => receive(message, committedCodec))
    },
    messages,
    buried: async () => (await said()).filter(({ topic }) => topic === 'trainyard.dead-letters'),
    async work(name) {
      const loop = parts.loops?.find((candidate) => candidate.name === name)
      if (!loop) throw new Error(`${definition.name} has no loop ${name}`)
      return await loop.work(new AbortController().signal)
    },
  }
}
