import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MessageRefused } from '../../../services/kit/bus/bus.ts'
import { type Clock, systemClock } from '../../../services/kit/clock.ts'
import { TrainyardError } from '../../../services/kit/errors.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { makeGroup, message, valuesOf } from '../../kit/bus/group.ts'
import { sharedBroker } from '../broker/shared.ts'
import { createTopics, plainKafka, uniqueName } from '../broker/topics.ts'
import { insist, openClient, settingsFor } from './given.ts'

const patient = { timeoutMs: 60_000 }

async function given(t: TestContext) {
  const brokers = await sharedBroker()
  const settings = settingsFor(brokers)
  const admin = plainKafka(brokers).admin()
  cleanup(t, () => admin.disconnect())
  await admin.connect()
  return {
    admin,
    open: (clock?: Clock) => openClient(t, settings, { clock }),
    async deleteBefore(topic: string, offset: number) {
      // kafkajs knows a topic only once it has asked for it.
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] })
    },
    create: (...topics: string[]) => createTopics(brokers, topics),
    createWith: (topic: string, name: string, value: string) =>
      createTopics(brokers, [{ topic, configEntries: [{ name, value }] }]),
  }
}

test('a topic that does not exist holds up no other, and is read as soon as it does', async (t) => {
  const { open, create } = await given(t)
  const [good, missing] = [uniqueName('good'), uniqueName('missing')]
  await create(good)
  const bus = open()
  const group = makeGroup()
  await bus.subscribe(group.member({ topics: [missing, good] }))
  await bus.publish([message(good, 'k', 'a')])
  await eventually(() => group.seen.length === 1)
  await create(missing)
  await insist(bus, [message(missing, 'k', 'b')])
  await eventually(() => group.seen.length === 2, patient)
  await bus.publish([message(good, 'k', 'c')])
  await eventually(() => group.seen.length === 3)
  assert.deepEqual(valuesOf(group.seen), ['a', 'b', 'c'])
  assert.deepEqual(bus.failures, [])
})

test('a topic that came late goes on after a failure and with another member, and is read whole by who begins at the end', async (t) => {
  const { open, create } = await given(t)
  const topic = uniqueName('late')
  const pauses: number[] = []
  const bus = open({
    ...systemClock,
    sleep(milliseconds, ...signals) {
      pauses.push(milliseconds)
      return systemClock.sleep(milliseconds, ...signals)
    },
  })
  const [group, news] = [makeGroup(), makeGroup()]
  let failures = 0
  const before = async () => {
    failures += 1
    if (failures === 2) throw new Error('not now')
  }
  await bus.subscribe(group.member({ topics: [topic], before }))
  await bus.subscribe(news.member({ topics: [topic], from: 'end' }))
  // A second pause of each subscription: it has been missed at two looks by then.
  await eventually(() => pauses.filter((milliseconds) => milliseconds === 5_000).length >= 4)
  await create(topic)
  await insist(bus, [message(topic, 'k', 'a')])
  await eventually(() => group.seen.length === 1 && news.seen.length === 1, patient)
  await insist(bus, [message(topic, 'k', 'b')])
  await eventually(() => group.seen.length === 2, patient)
  const other = open()
  await other.subscribe(group.member({ topics: [topic] }))
  await insist(bus, [message(topic, 'k', 'c')])
  await eventually(() => group.seen.length === 3 && news.seen.length === 3, patient)
  assert.deepEqual(
    [valuesOf(group.seen), valuesOf(news.seen)],
    [
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ],
  )
  assert.deepEqual([bus.failures, other.failures], [[], []])
})

for (const [when, isRunning] of [
  ['while nobody read it', false],
  ['under a group that reads it', true],
] as const) {
  test(`a topic that was made anew ${when} and has outgrown the old one is not taken for it: the group stops`, async (t) => {
    const { admin, open, create } = await given(t)
    const topic = uniqueName('outgrown')
    await create(topic)
    const group = makeGroup()
    const bus = open()
    const running = await bus.subscribe(group.member({ topics: [topic] }))
    await bus.publish(['a', 'b'].map((text) => message(topic, 'k', text)))
    await eventually(() => group.seen.length === 2)
    if (!isRunning) await running.stop()
    await admin.deleteTopics({ topics: [topic] })
    await create(topic)
    const other = open()
    await insist(
      other,
      ['c', 'd', 'e'].map((text) => message(topic, 'k', text)),
    )
    if (!isRunning) await other.subscribe(group.member({ topics: [topic] }))
    const failure = await eventually(() => (isRunning ? bus : other).failures[0], patient)
    assert.match(String(failure), /what it has read is not before it/)
    assert.deepEqual(valuesOf(group.seen), ['a', 'b'])
  })
}

test('a topic that is deleted and made again stops the group in clear words, and after the reset nothing of the new one is missing', async (t) => {
  const { admin, open, create } = await given(t)
  const [good, doomed] = [uniqueName('good'), uniqueName('doomed')]
  await create(good, doomed)
  const bus = open()
  const group = makeGroup()
  const running = await bus.subscribe(group.member({ topics: [doomed, good] }))
  await bus.publish([message(doomed, 'k', 'a'), message(doomed, 'k', 'b')])
  await eventually(() => group.seen.length === 2)

  await admin.deleteTopics({ topics: [doomed] })
  await insist(bus, [message(good, 'k', 'c')])
  await eventually(() => group.seen.length === 3, patient)
  await create(doomed)
  await insist(bus, [message(doomed, 'k', 'd')])
  const failure = await eventually(() => bus.failures[0], patient)
  assert.match(String(failure), new RegExp(`goes on at offset 2 of ${doomed}/0, and what it has read is not before it`))
  assert.deepEqual(valuesOf(group.seen), ['a', 'b', 'c'])

  await running.stop()
  group.record.delete(`${doomed}/0`)
  await open().subscribe(group.member({ topics: [doomed, good] }))
  await eventually(() => group.seen.length === 4)
  assert.deepEqual(valuesOf(group.seen), ['a', 'b', 'c', 'd'])
})

test('a position before or behind what the topic holds stops the group with the command that mends it', async (t) => {
  const { open, create, deleteBefore } = await given(t)
  const topic = uniqueName('things')
  await create(topic)
  const publisher = open()
  await publisher.publish(['a', 'b', 'c'].map((text) => message(topic, 'k', text)))
  await deleteBefore(topic, 2)
  for (const position of [1, 100]) {
    const bus = open()
    const group = makeGroup()
    group.record.set(`${topic}/0`, position)
    await bus.subscribe(group.member({ topics: [topic] }))
    const failure = await eventually(() => bus.failures[0])
    assert.ok(failure instanceof TrainyardError)
    assert.match(failure.message, new RegExp(`at offset ${position} of ${topic}/0.*the partition holds 2 to 2`))
    assert.match(failure.hint ?? '', new RegExp(`trainyard topics reset ${topic} --group ${group.name} --to beginning`))
    assert.deepEqual(group.seen, [])
    assert.equal(group.record.get(`${topic}/0`), position)
  }
})

test('messages that are deleted before a running group has read them stop it: it does not jump over them', async (t) => {
  const { open, create, deleteBefore } = await given(t)
  const topic = uniqueName('things')
  await create(topic)
  const bus = open()
  const group = makeGroup()
  group.record.set(`${topic}/0`, 0)
  const [begun, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const before = async () => {
    begun.resolve()
    await release.promise
    throw new Error('not now')
  }
  await bus.publish(['a', 'b', 'c'].map((text) => message(topic, 'k', text)))
  await bus.subscribe(group.member({ topics: [topic], before }))
  await begun.promise
  await deleteBefore(topic, 2)
  release.resolve()
  const failure = await eventually(() => bus.failures[0])
  assert.match(String(failure), /holds 2 to 2/)
  assert.deepEqual(group.seen, [])
})

test('a message that is too large is refused by its place, and the others go their way in order', async (t) => {
  const { open, create } = await given(t)
  const topic = uniqueName('things')
  await create(topic)
  const bus = open()
  const large = { topic, key: Buffer.from('k'), headers: {}, value: Buffer.alloc(2 * 1024 * 1024) }
  const messages = [message(topic, 'k', 'a'), message(topic, 'k', 'b'), large, message(topic, 'k', 'c')]
  await assert.rejects(bus.publish(messages), (error) => error instanceof MessageRefused && error.index === 2)
  await bus.publish(messages.filter((one) => one !== large))
  const group = makeGroup()
  await bus.subscribe(group.member({ topics: [topic] }))
  await eventually(() => valuesOf(group.seen).includes('c'))
  assert.deepEqual([...new Set(valuesOf(group.seen))], ['a', 'b', 'c'])
})

test('many messages that are too much at once are taken in parts', async (t) => {
  const { open, create } = await given(t)
  const topic = uniqueName('things')
  await create(topic)
  const bus = open()
  const value = Buffer.alloc(300 * 1024)
  await bus.publish(Array.from({ length: 12 }, () => ({ topic, key: Buffer.from('k'), headers: {}, value })))
  assert.equal((await bus.peek(topic, 20)).length, 12)
})

test("what a topic never takes is refused, and so is what a platform's topic does not take for a minute", async (t) => {
  const { open, createWith } = await given(t)
  const compacted = uniqueName('compacted')
  await createWith(compacted, 'cleanup.policy', 'compact')
  let aheadMs = 0
  const bus = open({ ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs })
  const isForNow = (error: unknown) => error instanceof TrainyardError && error.retryable
  const withoutKey = { ...message(compacted, 'k', 'a'), key: null }
  await assert.rejects(bus.publish([withoutKey]), MessageRefused)

  const [theirs, ours] = [message(uniqueName('missing'), 'k', 'a'), message('trainyard.runs', 'k', 'a')]
  await assert.rejects(bus.publish([theirs]), isForNow)
  await assert.rejects(bus.publish([ours]), isForNow)
  aheadMs = 61_000
  await assert.rejects(bus.publish([theirs]), MessageRefused)
  await assert.rejects(bus.publish([ours]), isForNow)
})
