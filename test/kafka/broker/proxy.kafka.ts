import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanup } from '../../harness/cleanup.ts'
import { api, startBehindProxy } from './proxy.ts'
import { countMessages, createTopics, plainKafka } from './topics.ts'

test('a reply that the proxy loses was the reply to something the broker has done', async (t) => {
  const { brokers, broker, proxy, stop } = await startBehindProxy()
  cleanup(t, stop)
  await createTopics(brokers, ['stored'])
  const producer = plainKafka(brokers).producer({ retry: { retries: 0 } })
  cleanup(t, () => producer.disconnect())
  await producer.connect()

  proxy.loseReplies(api.produce)
  await assert.rejects(producer.send({ topic: 'stored', messages: [{ value: 'one' }] }))
  assert.equal(proxy.lostReplies, 1)
  assert.equal(await countMessages(broker.brokers, 'stored'), 1)

  proxy.heal()
  await producer.send({ topic: 'stored', messages: [{ value: 'two' }] })
  assert.equal(await countMessages(broker.brokers, 'stored'), 2)
})

test('a proxy that is cut lets nobody through until it is healed', async (t) => {
  const { brokers, proxy, stop } = await startBehindProxy()
  cleanup(t, stop)
  proxy.cut()
  const impatient = plainKafka(brokers, { retry: { retries: 0 } })
  await assert.rejects(impatient.admin().connect())
  proxy.heal()
  await createTopics(brokers, ['late'])
})
