import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ICustomPartitioner, Kafka, logLevel, type ProducerBatch } from 'kafkajs'
import { MessageRefused } from '../../../../services/kit/bus/bus.ts'
import { kafkaFailure } from '../../../../services/kit/bus/kafka/failures.ts'
import { makeNames } from '../../../../services/kit/bus/kafka/names.ts'
import { makePublisher } from '../../../../services/kit/bus/kafka/publisher.ts'
import type { KafkaSettings } from '../../../../services/kit/bus/kafka/settings.ts'
import { systemClock } from '../../../../services/kit/clock.ts'
import { eventually } from '../../../harness/eventually.ts'
import { message } from '../group.ts'

/** The publisher over a producer in the test's hand, which asks for partitions as kafkajs does: when it begins to send. */
function publisherWith(send: (values: readonly string[]) => Promise<void>) {
  let nowMs = 0
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING })
  const connect: Parameters<typeof makePublisher>[0]['connect'] = (make) => {
    let partitionOf: ReturnType<ICustomPartitioner> = () => 0
    const producer = kafka.producer()
    producer.connect = async () => {}
    producer.disconnect = async () => {}
    producer.sendBatch = async ({ topicMessages = [] }: ProducerBatch) => {
      const messages = topicMessages.flatMap((each) =>
        each.messages.map((one) => ({ topic: each.topic, message: one })),
      )
      for (const { topic, message: one } of messages) partitionOf({ topic, partitionMetadata: [leader], message: one })
      await send(messages.map(({ message: one }) => String(one.value)))
      return []
    }
    kafka.producer = (config) => {
      partitionOf = config?.createPartitioner?.() ?? partitionOf
      return producer
    }
    return { client: make(kafka), cut: () => {} }
  }
  const classify = (error: unknown) => kafkaFailure(error, settings)
  const clock = { ...systemClock, monotonicMs: () => nowMs, sleep: () => new Promise<void>(() => {}) }
  return {
    ...makePublisher({ connect, names: makeNames(''), clock, classify }),
    pass: (milliseconds: number) => {
      nowMs += milliseconds
    },
  }
}

const settings: KafkaSettings = {
  brokers: ['127.0.0.1:1'],
  prefix: 'staging.',
  tls: undefined,
  sasl: { mechanism: 'plain', username: 'ada', password: 'secret' },
}
const leader = { partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [1], isr: [1] }
const of = (text: string) => message('trainyard.runs', 'k', text)

test('what has waited behind another batch for too long is not sent late: the limit counts from the call', async () => {
  const sent: string[] = []
  const hanging = Promise.withResolvers<void>()
  const publisher = publisherWith(async (values) => {
    sent.push(...values)
    await hanging.promise
  })
  const [first, second] = [publisher.publish([of('first')]), publisher.publish([of('second')])]
  await eventually(() => sent.length === 1)
  publisher.pass(21_000)
  hanging.resolve()
  await first
  await assert.rejects(second, /others were before them for too long/)
  assert.deepEqual(sent, ['first'])
})

test('the one message of many that is never taken is found in few sends', async () => {
  let sends = 0
  const publisher = publisherWith(async (values) => {
    sends += 1
    if (values.includes('499')) throw Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' })
  })
  const messages = Array.from({ length: 500 }, (_, index) => of(String(index)))
  await assert.rejects(publisher.publish(messages), (error) => error instanceof MessageRefused && error.index === 499)
  assert.ok(sends < 30, `${sends} sends`)
})

test('what is not taken for want of a right is told with who wants it and which it is, and is sent again later', async () => {
  const publisher = publisherWith(async () => {
    throw Object.assign(new Error('Topic authorization failed'), { type: 'TOPIC_AUTHORIZATION_FAILED' })
  })
  await assert.rejects(publisher.publish([of('first')]), {
    code: 'unavailable',
    message:
      /^Kafka has not taken 1 messages: Kafka denies KAFKA_USERNAME ada a right .*Write .* begin with staging\.trainyard\./,
  })
})
