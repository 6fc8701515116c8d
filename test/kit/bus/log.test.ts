import assert from 'node:assert/strict'
import { test } from 'node:test'
import { intake } from '../../../services/intake/main.ts'
import type { Batch, RawMessage } from '../../../services/kit/bus/bus.ts'
import { makeLogPruning } from '../../../services/kit/bus/retention.ts'
import { launcher } from '../../../services/launcher/main.ts'
import { eventually } from '../../harness/eventually.ts'
import { logSubject } from './log-subject.ts'

const message = (topic: string, key: string, value: string) => ({
  topic,
  key: Buffer.from(key),
  headers: { kind: 'test' },
  value: Buffer.from(value),
})

test('a reader sees every message once and in order while many publish at once', async (t) => {
  const { open } = await logSubject(t)
  const publishers = [open(), open(), open()]
  const seen: string[] = []
  const offsets: number[] = []
  await open().subscribe({
    group: 'reader',
    topics: ['things'],
    from: 'beginning',
    position: async () => undefined,
    async handle(batch: Batch) {
      for (const { offset, value } of batch.messages) {
        offsets.push(offset)
        seen.push(String(value))
      }
      return true
    },
  })
  const said = publishers.flatMap((bus, publisher) =>
    Array.from({ length: 40 }, (_, number) => ({ bus, text: `${publisher}-${number}` })),
  )
  await Promise.all(
    said.map(({ bus, text }) => bus.publish([message('things', text, text), message('things', text, `${text}+`)])),
  )
  await eventually(() => seen.length >= said.length * 2)
  assert.deepEqual(offsets, Array.from(offsets.keys()))
  assert.deepEqual(new Set(seen).size, said.length * 2)
})

test('a reader that waits has what is published, as it is read later, and misses none, though it does not look by itself', async (t) => {
  const { open } = await logSubject(t, { pollMs: 3_600_000 })
  const bus = open()
  async function reader(group: string): Promise<RawMessage[]> {
    const messages: RawMessage[] = []
    await bus.subscribe({
      group,
      topics: ['things', 'others'],
      from: 'beginning',
      position: async () => undefined,
      async handle(batch) {
        messages.push(...batch.messages)
        return true
      },
    })
    return messages
  }
  const waiting = await reader('waiting')
  const given = {
    topic: 'things',
    key: null,
    headers: { text: 'ä', bytes: Buffer.from([255]), twice: ['a', Buffer.from([254])] },
    value: null,
  }
  await bus.publish([given, message('others', 'a', '1'), message('things', 'b', '2')])
  await eventually(() => waiting.length === 3)
  for (let number = 0; number < 100; number += 1) {
    const two = [1, 2].map((place) => bus.publish([message('things', 'c', `${number}-${place}`)]))
    await (number % 2 === 0 ? Promise.all(two) : two[0])
  }
  await eventually(() => waiting.length === 203)
  const later = await reader('later')
  await eventually(() => later.length === 203)
  const ofTopic = (messages: readonly RawMessage[], topic: string) => messages.filter((each) => each.topic === topic)
  for (const topic of ['things', 'others']) assert.deepEqual(ofTopic(waiting, topic), ofTopic(later, topic))
})

test('a batch is bounded by bytes, and one message that is larger comes alone', async (t) => {
  const { open } = await logSubject(t)
  const bus = open()
  const sizes = [5, 5, 5, 12, 1].map((mebibytes) => mebibytes * 1024 * 1024)
  const batches: number[][] = []
  for (const size of sizes) await bus.publish([{ topic: 'things', key: null, headers: {}, value: Buffer.alloc(size) }])
  await bus.subscribe({
    group: 'reader',
    topics: ['things'],
    from: 'beginning',
    position: async () => undefined,
    async handle({ messages }) {
      batches.push(messages.map(({ value }) => value?.byteLength ?? 0))
      return true
    },
  })
  await eventually(() => batches.flat().length === sizes.length)
  assert.deepEqual(
    batches.map(({ length }) => length),
    [2, 2, 1],
  )
})

test('pruning keeps the newest message of each key of a compacted topic, and drops others by age alone', async (t) => {
  const { database, open } = await logSubject(t)
  const bus = open()
  await bus.publish([
    message('trainyard.champions', 'a', 'a1'),
    message('trainyard.champions', 'b', 'b1'),
    message('trainyard.champions', 'a', 'a2'),
    message('trainyard.runs', 'a', 'old'),
    message('trainyard.runs', 'a', 'young'),
  ])
  await database.execute(
    `update bus.messages set published_at = now() - interval '40 days' where value in ('old', 'b1')`,
  )
  await makeLogPruning(database, 30).work(new AbortController().signal)
  const rows = await database.query<{ value: Buffer }>('select value from bus.messages order by topic, "offset"')
  assert.deepEqual(
    rows.map(({ value }) => String(value)),
    ['b1', 'a2', 'young'],
  )
})

test('nothing is lost: what a group has still to read stays, however long the machine was off', async (t) => {
  const { database, open } = await logSubject(t, { definitions: [intake, launcher] })
  const bus = open()
  const values = ['read by both', 'read by one', 'read by none']
  await bus.publish(values.map((value) => message('trainyard.requests', 'a', value)))
  await bus.publish([message('nobody.reads', 'a', 'old')])
  await database.execute(`update bus.messages set published_at = now() - interval '40 days'`)
  const goOn = (service: string, nextOffset: number) =>
    database.execute(
      `insert into ${service}.offsets (consumer_group, topic, partition, next_offset) values ($1, 'trainyard.requests', 0, $2)`,
      [service, nextOffset],
    )
  await goOn('intake', 2)
  await goOn('launcher', 1)
  await makeLogPruning(database, 30).work(new AbortController().signal)
  const rows = await database.query<{ value: Buffer }>('select value from bus.messages order by topic, "offset"')
  assert.deepEqual(
    rows.map(({ value }) => String(value)),
    values.slice(1),
  )
})
