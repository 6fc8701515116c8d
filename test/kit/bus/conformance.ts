import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Bus, OutgoingMessage } from '../../../services/kit/bus/bus.ts'
import { eventually } from '../../harness/eventually.ts'
import { type Group, makeGroup, message, valuesOf } from './group.ts'

export interface Subject {
  /** One more client of the same bus, closed when the test ends. */
  open(): Bus
  /** A topic of the test's own, empty. */
  topic(): Promise<string>
}

const sorted = (texts: readonly string[]) => [...texts].sort()
const numbered = (stem: string, count: number) => Array.from({ length: count }, (_, index) => `${stem}${index}`)
const sees = (group: Group, count: number) =>
  eventually(() => group.seen.length >= count, { what: `${count} messages` })

/** What the port promises, whatever carries the events. */
export function busConformance(setup: (t: TestContext) => Promise<Subject>): void {
  test('messages of one key arrive once and in the order in which they were published', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    const keys = numbered('key-', 20)
    const group = makeGroup()
    await bus.subscribe(group.member({ topics: [things] }))
    for (let round = 0; round < 15; round += 1)
      await bus.publish(keys.flatMap((key) => [message(things, key, `${round}a`), message(things, key, `${round}b`)]))
    await sees(group, keys.length * 30)
    for (const key of keys)
      assert.deepEqual(
        valuesOf(group.seen.filter((seen) => String(seen.key) === key)),
        Array.from({ length: 15 }, (_, round) => [`${round}a`, `${round}b`]).flat(),
      )
  })

  test('key, headers and value arrive as the bytes that they were', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    const bytes = Buffer.from([0xff, 0x00, 0xc3])
    const sent: Omit<OutgoingMessage, 'topic'>[] = [
      { key: Buffer.from('k'), headers: { ce_id: 'ä € \u0000', empty: '' }, value: Buffer.from('v') },
      { key: bytes, headers: { bytes }, value: bytes },
      { key: null, headers: { twice: ['one', 'two'], mixed: ['text', bytes] }, value: Buffer.alloc(0) },
      { key: Buffer.from('gone'), headers: {}, value: null },
    ]
    const group = makeGroup()
    await bus.subscribe(group.member({ topics: [things] }))
    for (const each of sent) await bus.publish([{ topic: things, ...each }])
    await sees(group, sent.length)
    const received = group.seen.map(({ key, headers, value }) => ({ key, headers, value }))
    for (const each of sent)
      assert.ok(
        received.some((one) => isDeepEqual(one, each)),
        `it is not among what arrived: ${JSON.stringify(each)}`,
      )
  })

  test('a batch that failed is delivered again, from the position on record, until it is handled', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    const group = makeGroup()
    let failures = 0
    const before = async () => {
      failures += 1
      if (failures <= 3) throw new Error('not now')
    }
    await bus.publish(['a', 'b', 'c'].map((text) => message(things, 'k', text)))
    await bus.subscribe(group.member({ topics: [things], before }))
    await sees(group, 3)
    await bus.publish([message(things, 'k', 'd')])
    await sees(group, 4)
    assert.deepEqual(valuesOf(group.seen), ['a', 'b', 'c', 'd'])
  })

  test('what another consumer of the group has taken is left to it, and read on from where it is', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    const group = makeGroup()
    let isFirst = true
    await bus.publish(['a', 'b', 'c'].map((text) => message(things, 'k', text)))
    await bus.subscribe(
      group.member({
        topics: [things],
        async before({ partition, messages: [first] }) {
          if (isFirst) group.record.set(`${things}/${partition}`, (first?.offset ?? 0) + 2)
          isFirst = false
        },
      }),
    )
    await sees(group, 1)
    assert.deepEqual(valuesOf(group.seen), ['c'])
  })

  test('a new group begins at the beginning, or at the end, as it wishes', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    await bus.publish([message(things, 'k', 'before')])
    const [all, news] = [makeGroup(), makeGroup()]
    await bus.subscribe(all.member({ topics: [things] }))
    await bus.subscribe(news.member({ topics: [things], from: 'end' }))
    await bus.publish([message(things, 'k', 'after')])
    await Promise.all([sees(all, 2), sees(news, 1)])
    assert.deepEqual(valuesOf(all.seen), ['before', 'after'])
    assert.deepEqual(valuesOf(news.seen), ['after'])
  })

  test('a group that began at the end misses nothing that is published while it is away', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    await bus.publish(numbered('before-', 20).map((text) => message(things, text, text)))
    const group = makeGroup()
    const begun = await bus.subscribe(group.member({ topics: [things], from: 'end' }))
    // Its end in every partition is on record before the first message comes.
    await eventually(() => [...group.record.values()].reduce((sum, offset) => sum + offset, 0) === 20)
    await begun.stop()
    const texts = numbered('away-', 20)
    await bus.publish(texts.map((text) => message(things, text, text)))
    await bus.subscribe(group.member({ topics: [things], from: 'end' }))
    await sees(group, texts.length)
    assert.deepEqual(sorted(valuesOf(group.seen)), sorted(texts))
  })

  test('a group that starts again goes on where it was', async (t) => {
    const { open, topic } = await setup(t)
    const things = await topic()
    const group = makeGroup()
    const bus = open()
    await bus.publish([message(things, 'k', 'a')])
    const running = await bus.subscribe(group.member({ topics: [things] }))
    await sees(group, 1)
    await running.stop()
    await bus.publish([message(things, 'k', 'b')])
    await open().subscribe(group.member({ topics: [things] }))
    await sees(group, 2)
    assert.deepEqual(valuesOf(group.seen), ['a', 'b'])
  })

  test('several consumers of a group handle everything, and nothing twice', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    const group = makeGroup()
    await bus.subscribe(group.member({ topics: [things] }))
    const texts = numbered('', 200)
    for (const [index, text] of texts.entries()) {
      if (index === 50 || index === 100) await open().subscribe(group.member({ topics: [things] }))
      await bus.publish([message(things, `key-${index % 10}`, text)])
    }
    await sees(group, texts.length)
    assert.deepEqual(sorted(valuesOf(group.seen)), sorted(texts))
  })

  test('every group sees everything', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    const groups = [makeGroup(), makeGroup()]
    for (const group of groups) await bus.subscribe(group.member({ topics: [things] }))
    await bus.publish([message(things, 'k', 'a'), message(things, 'k', 'b')])
    for (const group of groups) {
      await sees(group, 2)
      assert.deepEqual(valuesOf(group.seen), ['a', 'b'])
    }
  })

  test('a topic whose batches fail or take long holds up no other', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const [failing, slow, good] = [await topic(), await topic(), await topic()]
    const group = makeGroup()
    const end = Promise.withResolvers<void>()
    const before = async (batch: { topic: string }) => {
      if (batch.topic === failing) throw new Error('never')
      if (batch.topic === slow) await end.promise
    }
    await bus.subscribe(group.member({ topics: [failing, slow, good], before }))
    await bus.publish([message(failing, 'k', 'f'), message(slow, 'k', 's')])
    for (const text of ['a', 'b', 'c']) {
      await bus.publish([message(good, 'k', text)])
      await eventually(() => valuesOf(group.seen).includes(text))
    }
    assert.deepEqual(valuesOf(group.seen), ['a', 'b', 'c'])
    end.resolve()
    await eventually(() => valuesOf(group.seen).includes('s'))
  })

  test('nothing is handled any more once a subscription has stopped', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    const [stopped, other] = [makeGroup(), makeGroup()]
    const running = await bus.subscribe(stopped.member({ topics: [things] }))
    await bus.publish([message(things, 'k', 'a')])
    await sees(stopped, 1)
    await running.stop()
    await bus.publish([message(things, 'k', 'b')])
    await bus.subscribe(other.member({ topics: [things] }))
    await sees(other, 2)
    assert.deepEqual(valuesOf(stopped.seen), ['a'])
  })

  test('a stop waits for the batch in progress', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    const group = makeGroup()
    const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const before = async () => {
      begun.resolve()
      await end.promise
    }
    const running = await bus.subscribe(group.member({ topics: [things], before }))
    await bus.publish([message(things, 'k', 'a')])
    await begun.promise
    let isStopped = false
    const stopping = running.stop().then(() => {
      isStopped = true
    })
    await new Promise(setImmediate)
    assert.equal(isStopped, false)
    end.resolve()
    await stopping
    assert.deepEqual(valuesOf(group.seen), ['a'])
  })

  test('a look at the newest messages gives them oldest first, and consumes nothing', async (t) => {
    const { open, topic } = await setup(t)
    const bus = open()
    const things = await topic()
    assert.deepEqual(await bus.peek(things, 10), [])
    const texts = numbered('', 9)
    for (const text of texts) await bus.publish([message(things, 'k', text)])
    assert.deepEqual(valuesOf(await bus.peek(things, 4)), texts.slice(-4))
    assert.deepEqual(valuesOf(await bus.peek(things, 100)), texts)
    const group = makeGroup()
    await bus.subscribe(group.member({ topics: [things] }))
    await sees(group, texts.length)
  })

  test('nothing to publish is published', async (t) => {
    await (await setup(t)).open().publish([])
  })
}

function isDeepEqual(one: unknown, other: unknown): boolean {
  try {
    assert.deepStrictEqual(one, other)
    return true
  } catch {
    return false
  }
}
