import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { makeGroup } from '../../kit/bus/group.ts'
import { api, startBehindProxy } from '../broker/proxy.ts'
import { countMessages, createTopics } from '../broker/topics.ts'
import { assertNothingLostOrDoubled, burst, insist, openClient, settingsFor } from './given.ts'

test('replies that are lost after the broker stored the batch lose nothing, and nothing is handled twice', async (t) => {
  const { brokers, proxy, stop } = await startBehindProxy()
  cleanup(t, stop)
  await createTopics(brokers, [{ topic: 'things', numPartitions: 3 }])
  const bus = openClient(t, settingsFor(brokers))
  const group = makeGroup()
  await bus.subscribe(group.member({ topics: ['things'] }))
  const losses = 5
  for (let round = 0; round < losses; round += 1) {
    await insist(bus, burst('things', 50, { first: round * 100 }))
    proxy.loseReplies(api.produce, { count: 1 })
    await assert.rejects(bus.publish(burst('things', 50, { first: round * 100 + 50 })))
    // Another batch first is what kafkajs would lose: it would take it for the one that it believes is not there.
    await insist(bus, burst('things', 50, { first: round * 100 + 50 }))
  }
  const count = losses * 100
  await eventually(() => new Set(group.seen.map(({ value }) => String(value))).size === count)
  assertNothingLostOrDoubled(group.seen, count)
  assert.equal(proxy.lostReplies, losses)
  await eventually(async () => group.seen.length === (await countMessages(brokers, 'things')))
})

test('what is published after a reply was lost is there when it is said to be', async (t) => {
  const { brokers, proxy, stop } = await startBehindProxy()
  cleanup(t, stop)
  await createTopics(brokers, ['things'])
  const bus = openClient(t, settingsFor(brokers))
  await bus.publish(burst('things', 1))
  proxy.loseReplies(api.produce, { count: 1 })
  await assert.rejects(bus.publish(burst('things', 1, { first: 1 })))
  await bus.publish(burst('things', 1, { first: 2 }))
  await bus.publish(burst('things', 1, { first: 3 }))
  const values = (await bus.peek('things', 10)).map(({ value }) => Number(value))
  assert.deepEqual(values, [0, 1, 2, 3])
})
