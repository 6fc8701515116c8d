import type { Admin } from 'kafkajs'
import { unlessUnknownTopic } from './causes.ts'
import type { Names } from './names.ts'
import type { Renewed } from './renewed.ts'

/** What a partition holds: from `low` up to, and without, `high`. */
export interface Range {
  readonly low: number
  readonly high: number
}

/** What the brokers say of topics. Nothing is remembered but who is being asked. */
export interface Look {
  exists(topic: string): Promise<boolean>
  /** By partition. Those who ask of one topic at the same time share one answer. */
  ranges(topic: string): Promise<ReadonlyMap<number, Range>>
  /** The first offset of a message that is later than this; the partition's end where there is none. */
  firstAfter(topic: string, partition: number, time: Date): Promise<number>
}

/** @param topic by its name in Kafka */
export async function firstAfter(admin: Admin, topic: string, partition: number, time: Date): Promise<number> {
  const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, time.getTime() + 1)
  return Number(offsets.find((each) => each.partition === partition)?.offset ?? Number.NaN)
}

export function makeLook(admin: Renewed<Admin>, names: Names): Look {
  const asked = new Map<string, Promise<ReadonlyMap<number, Range>>>()

  async function ask(topic: string): Promise<ReadonlyMap<number, Range>> {
    const offsets = await admin.use((client) => client.fetchTopicOffsets(names.topic(topic)))
    return new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]))
  }

  return {
    exists: (topic) =>
      admin.use(async (client) => {
        const metadata = await unlessUnknownTopic(client.fetchTopicMetadata({ topics: [names.topic(topic)] }))
        return metadata !== undefined
      }),
    firstAfter: (topic, partition, time) =>
      admin.use((client) => firstAfter(client, names.topic(topic), partition, time)),
    ranges(topic) {
      const asking = asked.get(topic) ?? ask(topic).finally(() => asked.delete(topic))
      asked.set(topic, asking)
      return asking
    },
  }
}
