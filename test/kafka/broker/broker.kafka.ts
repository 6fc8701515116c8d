import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { startBroker } from './broker.ts'
import { sharedBroker } from './shared.ts'
import { countMessages, createTopics, plainKafka, uniqueName } from './topics.ts'

async function publish(brokers: readonly string[], topic: string, value: string): Promise<void> {
  const producer = plainKafka(brokers).producer()
  await producer.connect()
  await producer.send({ topic, messages: [{ value }] })
  await producer.disconnect()
}

test('the broker that all files share takes a topic and a message at once', async () => {
  const brokers = await sharedBroker()
  const topic = uniqueName('shared')
  await createTopics(brokers, [topic])
  await publish(brokers, topic, 'one')
  assert.equal(await countMessages(brokers, topic), 1)
})

test('a broker that was killed comes back on its port with what it had acknowledged', async (t) => {
  const broker = await startBroker()
  cleanup(t, () => broker.stop())
  await createTopics(broker.brokers, ['kept'])
  await publish(broker.brokers, 'kept', 'one')
  await broker.kill()
  await broker.start()
  await publish(broker.brokers, 'kept', 'two')
  assert.equal(await countMessages(broker.brokers, 'kept'), 2)
})

test('of three brokers one may be killed, and a topic still takes messages', async (t) => {
  const cluster = await startBroker({ nodes: 3 })
  cleanup(t, () => cluster.stop())
  await createTopics(cluster.brokers, [{ topic: 'replicated', numPartitions: 3, replicationFactor: 3 }])
  await cluster.kill(1)
  await eventually(() => publish(cluster.brokers, 'replicated', 'without the first').then(() => true))
  await cluster.start(1)
  assert.ok((await countMessages(cluster.brokers, 'replicated')) > 0)
})
