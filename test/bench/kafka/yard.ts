import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Message } from 'kafkajs'
import pg from 'pg'
import { pino } from 'pino'
import { applyTopics } from '../../../services/kit/bus/kafka/operate.ts'
import { parseEnvironment } from '../../../services/kit/environment.ts'
import { startEmbeddedPostgres } from '../../../services/kit/store/embedded.ts'
import { startYard, type Yard } from '../../harness/yard.ts'
import { startBroker } from '../../kafka/broker/broker.ts'
import { createTopics, plainKafka } from '../../kafka/broker/topics.ts'

/** Where the platform's events are in a benchmark. */
export const platformTopic = 'bot.events'
const partitions = 6
const partitionsOf = { topic: platformTopic, numPartitions: partitions }

export interface Ground {
  readonly brokers: readonly string[]
  /** Straight to the database, past the services. */
  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>
  /**
   * Services in a process of their own, on this broker and this database, and with the data directory that all share.
   * @param entry all of them, if nothing is said
   */
  start(configuration: string, entry?: string): Promise<Yard>
  /** Sends at once what a platform would, and resolves when the broker has it. */
  send(messages: readonly Message[]): Promise<void>
}

/** Nothing that is sent before the first look is to be left out. */
export function fromBeginning(configuration: string): string {
  return configuration.replace(`topic: ${platformTopic}`, `topic: ${platformTopic}, from: beginning`)
}

/** A broker and a PostgreSQL of the benchmark's own, on disk as in earnest, and everything that was started on them. */
export async function onGround<T>(measure: (ground: Ground) => Promise<T>): Promise<T> {
  const undo: (() => unknown)[] = []
  try {
    const broker = await startBroker()
    undo.push(() => broker.stop())
    const { brokers } = broker
    await createTopics(brokers, [partitionsOf])
    const variables = { KAFKA_BROKERS: brokers.join() }
    await applyTopics(parseEnvironment(variables), pino({ level: 'silent' }), { addPartitions: false })

    const directory = await mkdtemp(join(tmpdir(), 'bench-'))
    undo.push(() => rm(directory, { recursive: true, force: true }))
    const postgres = await startEmbeddedPostgres({ directory, durable: true })
    undo.push(() => postgres.stop())

    const pool = new pg.Pool({ connectionString: postgres.url })
    undo.push(() => pool.end())

    const producer = plainKafka(brokers).producer()
    await producer.connect()
    undo.push(() => producer.disconnect())
    return await measure({
      brokers,
      query: async (text, values = []) => (await pool.query(text, [...values])).rows,
      start: (configuration, entry = 'services/all.ts') =>
        startYard(
          { after: (step) => undo.push(step) },
          {
            entry,
            configuration,
            variables: { ...variables, TRAINYARD_DATA_DIR: directory },
            postgres: new URL(postgres.url),
          },
        ),
      async send(messages) {
        await producer.send({ topic: platformTopic, messages: [...messages], acks: -1 })
      },
    })
  } finally {
    for (const step of undo.reverse()) await step()
  }
}
