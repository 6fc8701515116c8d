import { randomUUID } from 'node:crypto'
import { type Admin, type ITopicConfig, Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { calmTimers } from '../../../services/kit/bus/kafka/timers.ts'
import { eventually } from '../../harness/eventually.ts'

/** A name that no other test has. */
export function uniqueName(stem: string): string {
  return `${stem}-${randomUUID().slice(0, 8)}`
}

/** Makes topics and resolves once they can be written to. One partition and one copy where nothing else is said. */
export async function createTopics(
  brokers: readonly string[],
  topics: readonly (string | ITopicConfig)[],
): Promise<void> {
  const wanted = topics.map((topic) => (typeof topic === 'string' ? { topic } : topic))
  await withAdmin(brokers, async (admin) => {
    await admin.createTopics({
      topics: wanted.map((topic) => ({ numPartitions: 1, replicationFactor: 1, ...topic })),
      // kafkajs takes a broker that has not yet heard of a topic for one that never will.
      waitForLeaders: false,
    })
    await eventually(() => haveLeaders(admin, wanted), { what: 'a leader for every partition' })
  })
}

async function haveLeaders(admin: Admin, wanted: readonly ITopicConfig[]): Promise<boolean> {
  const { topics } = await admin.fetchTopicMetadata({ topics: wanted.map(({ topic }) => topic) })
  // A leader may be the last to hear that it is one; only itself can tell.
  await Promise.all(wanted.map(({ topic }) => admin.fetchTopicOffsets(topic)))
  return topics.every(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0))
}

/** How many offsets the topic holds: its messages, and a producer's marks if it used transactions. */
export async function countMessages(brokers: readonly string[], topic: string): Promise<number> {
  const offsets = await withAdmin(brokers, (admin) => admin.fetchTopicOffsets(topic))
  return offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)
}

export async function withAdmin<T>(brokers: readonly string[], ask: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = plainKafka(brokers).admin()
  await admin.connect()
  try {
    return await ask(admin)
  } finally {
    await admin.disconnect()
  }
}

/** kafkajs alone: what a test speaks to the broker with, past the code under test. */
export function plainKafka(brokers: readonly string[], config: Partial<KafkaConfig> = {}): Kafka {
  calmTimers()
  return new Kafka({ clientId: 'test', brokers: [...brokers], logLevel: logLevel.NOTHING, ...config })
}
