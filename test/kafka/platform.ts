import type { Message } from 'kafkajs'
import { parse, stringify } from 'yaml'
import { applyTopics } from '../../services/kit/bus/kafka/operate.ts'
import { parseEnvironment } from '../../services/kit/environment.ts'
import { openLog } from '../../services/kit/log.ts'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { createTopics, plainKafka, uniqueName } from './broker/topics.ts'

export interface Platform {
  /** Where the platform's events are written to. */
  readonly topic: string
  /** What the services need in their environment. */
  readonly variables: Readonly<Record<string, string>>
  /** A configuration whose triggers read that topic, and leave out nothing that is sent before they first look. */
  configured(text: string): string
  /** By a producer that knows nothing of Trainyard. */
  produce(messages: readonly Message[]): Promise<void>
}

export interface PlatformOptions {
  /** On a broker that nobody shares: the topics have the names that the documents say. */
  readonly alone?: boolean
  /** Of the platform's own topic. */
  readonly partitions?: number
}

/** A platform with a topic of its own, and Trainyard's topics beside it under a prefix of their own. */
export async function preparePlatform(
  t: Ending,
  brokers: readonly string[],
  { alone = false, partitions = 3 }: PlatformOptions = {},
): Promise<Platform> {
  const topic = alone ? 'bot.events' : uniqueName('bot.events')
  await createTopics(brokers, [{ topic, numPartitions: partitions }])
  const own = { KAFKA_PREFIX: `${uniqueName('yard')}.`, KAFKA_TOPIC_PARTITIONS: '3' }
  const variables = { KAFKA_BROKERS: brokers.join(), ...(alone ? {} : own) }
  await applyTopics(parseEnvironment(variables), openLog('silent'), { addPartitions: false })
  const producer = plainKafka(brokers).producer({ allowAutoTopicCreation: false })
  await producer.connect()
  cleanup(t, () => producer.disconnect())
  return {
    topic,
    variables,
    configured(text) {
      const { triggers, ...others } = parse(text)
      const reading = triggers.map((trigger: object) => ({ ...trigger, topic, from: 'beginning' }))
      return stringify({ ...others, triggers: reading })
    },
    async produce(messages) {
      await producer.send({ topic, messages: [...messages] })
    },
  }
}

/** The event in the structured mode. */
export function structured(key: string, event: object): Message {
  return { key, value: JSON.stringify(event), headers: { 'content-type': 'application/cloudevents+json' } }
}
