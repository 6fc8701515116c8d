import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { makeGroup } from '../../kit/bus/group.ts'
import { startBroker } from '../broker/broker.ts'
import { createTopics } from '../broker/topics.ts'
import { assertNothingLostOrDoubled, burst, insist, openClient, settingsFor } from './given.ts'

const count = 4_000
const atOnce = 50
const patient = { timeoutMs: 120_000 }

test('a broker that is killed and started again in the middle of a burst loses nothing, and nothing is handled twice', async (t) => {
  const broker = await startBroker()
  cleanup(t, () => broker.stop())
  await createTopics(broker.brokers, [{ topic: 'things', numPartitions: 3 }])
  const [publisher, reader] = [openClient(t, settingsFor(broker.brokers)), openClient(t, settingsFor(broker.brokers))]
  const group = makeGroup()
  await reader.subscribe(group.member({ topics: ['things'] }))

  const publishing = (async () => {
    for (let first = 0; first < count; first += atOnce) await insist(publisher, burst('things', atOnce, { first }))
  })()
  for (const share of [0.2, 0.5]) {
    await eventually(() => group.seen.length > count * share, patient)
    await broker.kill()
    await broker.start()
  }
  await publishing
  await eventually(() => new Set(group.seen.map(({ value }) => String(value))).size === count, patient)
  assertNothingLostOrDoubled(group.seen, count)
  assert.deepEqual([...publisher.failures, ...reader.failures], [])
})

test('with three brokers, the loss of the leader of a partition loses nothing, and nothing is handled twice', async (t) => {
  const broker = await startBroker({ nodes: 3 })
  cleanup(t, () => broker.stop())
  await createTopics(broker.brokers, [{ topic: 'things', numPartitions: 3, replicationFactor: 3 }])
  const [publisher, reader] = [openClient(t, settingsFor(broker.brokers)), openClient(t, settingsFor(broker.brokers))]
  const group = makeGroup()
  await reader.subscribe(group.member({ topics: ['things'] }))

  const publishing = (async () => {
    for (let first = 0; first < count; first += atOnce) await insist(publisher, burst('things', atOnce, { first }))
  })()
  // Each of them leads one of the three partitions.
  await eventually(() => group.seen.length > count * 0.2, patient)
  await broker.kill(1)
  await eventually(() => group.seen.length > count * 0.6, patient)
  await broker.start(1)
  await publishing
  await eventually(() => new Set(group.seen.map(({ value }) => String(value))).size === count, patient)
  assertNothingLostOrDoubled(group.seen, count)
  assert.deepEqual([...publisher.failures, ...reader.failures], [])
})

test('a broker that does not answer is not waited for longer than a publish may take', async (t) => {
  const broker = await startBroker()
  cleanup(t, () => broker.stop())
  await createTopics(broker.brokers, ['things'])
  const bus = openClient(t, settingsFor(broker.brokers))
  await bus.publish(burst('things', 1))
  broker.pause()
  const begun = performance.now()
  await assert.rejects(bus.publish(burst('things', 1, { first: 1 })), /Kafka has not taken/)
  assert.ok(performance.now() - begun < bus.publishLimitMs)
  broker.resume()
  await insist(bus, burst('things', 1, { first: 1 }))
})

test('a Kafka that is away is waited for, and whoever waits can be stopped', async (t) => {
  const broker = await startBroker()
  cleanup(t, () => broker.stop())
  await createTopics(broker.brokers, ['things'])
  const bus = openClient(t, settingsFor(broker.brokers))
  await bus.publish(burst('things', 10))
  await broker.kill()
  const [stopped, group] = [makeGroup(), makeGroup()]
  const waiting = await bus.subscribe(stopped.member({ topics: ['things'] }))
  await bus.subscribe(group.member({ topics: ['things'] }))
  await assert.rejects(bus.publish(burst('things', 1)))
  await waiting.stop()
  await broker.start()
  await eventually(() => group.seen.length === 10, patient)
  assert.deepEqual(stopped.seen, [])
  assert.deepEqual(bus.failures, [])
})
