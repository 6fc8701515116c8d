import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../services/kit/clock.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { makeGroup } from '../../kit/bus/group.ts'
import { sharedBroker } from '../broker/shared.ts'
import { createTopics, plainKafka, uniqueName } from '../broker/topics.ts'
import { assertNothingLostOrDoubled, burst, openClient, settingsFor } from './given.ts'

test('a member that is stopped while it joins leaves, and nothing of it fails afterwards', async (t) => {
  const brokers = await sharedBroker()
  const topic = uniqueName('things')
  await createTopics(brokers, [topic])
  const rejected: unknown[] = []
  const note = (error: unknown) => rejected.push(error)
  process.on('unhandledRejection', note)
  cleanup(t, () => process.off('unhandledRejection', note))
  for (const afterMs of [20, 100, 300]) {
    const bus = openClient(t, settingsFor(brokers))
    const member = makeGroup().member({ topics: [topic] })
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    const running = await bus.subscribe({
      ...member,
      async position(...place) {
        asked.resolve()
        await answer.promise
        return await member.position(...place)
      },
    })
    await systemClock.sleep(afterMs)
    const stopped = running.stop()
    await Promise.race([asked.promise, stopped])
    answer.resolve()
    await stopped
    await bus.close()
  }
  assert.deepEqual(rejected, [])
})

test('ten rebalances, each in the middle of a batch, lose nothing, and nothing is handled twice', async (t) => {
  const brokers = await sharedBroker()
  const topic = uniqueName('things')
  await createTopics(brokers, [{ topic, numPartitions: 4 }])
  const settings = settingsFor(brokers)
  // Members hear of each other with the heartbeat.
  const open = () => openClient(t, settings, { sessionLimitMs: 6_000 })
  const [first, second] = [open(), open()]
  const group = makeGroup()
  let inBatch: () => void = () => {}
  let held: Promise<void> | undefined
  const before = async () => {
    inBatch()
    await held
  }
  await first.subscribe(group.member({ topics: [topic], before }))

  const rounds = 10
  const atOnce = 40
  for (let round = 0; round < rounds; round += 1) {
    const [begun, end, joined] = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ]
    inBatch = begun.resolve
    held = end.promise
    await first.publish(burst(topic, atOnce, { first: round * atOnce }))
    await begun.promise
    const member = group.member({ topics: [topic] })
    const other = await second.subscribe({
      ...member,
      position(...place) {
        joined.resolve()
        return member.position(...place)
      },
    })
    await joined.promise
    end.resolve()
    await eventually(() => group.seen.length >= (round + 1) * atOnce)
    await other.stop()
  }
  assertNothingLostOrDoubled(group.seen, rounds * atOnce)
  assert.deepEqual([...first.failures, ...second.failures], [])
})

test('partitions that are added to a topic are read from their beginning, also by a group that began at the end', async (t) => {
  const brokers = await sharedBroker()
  const topic = uniqueName('things')
  await createTopics(brokers, [{ topic, numPartitions: 2 }])
  const bus = openClient(t, settingsFor(brokers))
  await bus.publish(burst(topic, 10))
  const group = makeGroup()
  await bus.subscribe(group.member({ topics: [topic], from: 'end' }))
  await eventually(() => group.record.size === 2)

  const kafka = plainKafka(brokers)
  const admin = kafka.admin()
  const producer = kafka.producer()
  cleanup(t, () => Promise.all([admin.disconnect(), producer.disconnect()]))
  await Promise.all([admin.connect(), producer.connect()])
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
  await eventually(async () => {
    await producer.send({ topic, messages: [{ partition: 2, value: 'in the new one' }] })
    return true
  })
  await eventually(() => group.seen.length === 1, { timeoutMs: 60_000 })
  assert.deepEqual(
    group.seen.map(({ value }) => String(value)),
    ['in the new one'],
  )
})
