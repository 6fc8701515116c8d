import { AttemptName, RunId } from '../../../schemas/words.ts'
import { openLogBus } from '../../../services/kit/bus/log.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { openLog } from '../../../services/kit/log.ts'
import { migrateAll } from '../../../services/kit/store/migrate.ts'
import type { V1Job } from '../../../services/launcher/executor/kubernetes/client/cluster.ts'
import { buildJob } from '../../../services/launcher/executor/kubernetes/job.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { createTopics, plainKafka } from '../../kafka/broker/topics.ts'
import { attemptOf, settings } from '../../launcher/executor/kubernetes/given.ts'
import type { Ground } from './ground.ts'
import type { PooledClient } from './pooled.ts'

/** A Job as the launcher makes it, by a number. */
export function bareJob({ namespace }: Pick<PooledClient, 'namespace'>, index: number): V1Job {
  const letters = [...String(index).padStart(10, '0')].map((digit) => 'abcdefghij'[Number(digit)]).join('')
  const run = RunId.parse(`run-${letters}`)
  const parts = { placement: { gpus: 1, memoryGiB: 1 } }
  return buildJob(attemptOf(parts, { run, name: AttemptName.parse(`${run}-1`) }), { ...settings, namespace })
}

/** What anybody would write first: a message, and a consumer that makes a Job of it. */
export interface BareLoop {
  send(index: number): Promise<void>
}

/** On the embedded bus. */
export async function openBareLoop({ t, database }: Ground, client: PooledClient): Promise<BareLoop> {
  await migrateAll(database, [])
  // As the services have it.
  const bus = openLogBus({ database, clock: systemClock, log: openLog('silent'), pollMs: 500, batchSize: 500 })
  const subscribed = await bus.subscribe({
    group: 'bare',
    topics: ['bare'],
    from: 'beginning',
    position: async () => undefined,
    async handle({ messages }) {
      await Promise.all(messages.map(({ key }) => client.createJob(bareJob(client, Number(key)))))
      return true
    },
  })
  cleanup(t, () => subscribed.stop())
  return {
    send: (index: number) =>
      bus.publish([{ topic: 'bare', key: Buffer.from(String(index)), headers: {}, value: Buffer.from('{}') }]),
  }
}

/** By kafkajs alone. */
export async function openBareKafkaLoop(
  { t }: Ground,
  client: PooledClient,
  brokers: readonly string[],
): Promise<BareLoop> {
  const topic = 'bare'
  await createTopics(brokers, [{ topic, numPartitions: 3 }])
  const kafka = plainKafka(brokers)
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  const consumer = kafka.consumer({ groupId: 'bare', maxWaitTimeInMs: 500 })
  await Promise.all([producer.connect(), consumer.connect()])
  cleanup(t, () => Promise.all([producer.disconnect(), consumer.disconnect()]))
  const joined = Promise.withResolvers<void>()
  consumer.on(consumer.events.GROUP_JOIN, () => joined.resolve())
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    partitionsConsumedConcurrently: 3,
    async eachBatch({ batch }) {
      await Promise.all(batch.messages.map(({ key }) => client.createJob(bareJob(client, Number(key)))))
    },
  })
  await joined.promise
  return {
    async send(index) {
      await producer.send({ topic, messages: [{ key: String(index), value: '{}' }] })
    },
  }
}
