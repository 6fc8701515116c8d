import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import type { Batch, RawMessage } from '../../../services/kit/bus/bus.ts'
import { makeSubscription } from '../../../services/kit/bus/consumer.ts'
import { makeOutbox } from '../../../services/kit/bus/outbox.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { unavailable } from '../../../services/kit/errors.ts'
import { systemRandom } from '../../../services/kit/random.ts'
import { migrate } from '../../../services/kit/store/migrate.ts'
import { testDatabase } from '../../harness/database.ts'

const folder = new URL('../../../services/kit/bus/service-migrations/', import.meta.url)

async function consumerFor(t: TestContext, judge: (text: string) => void | Promise<void>) {
  const database = await testDatabase(t, [])
  await migrate(database, 'yard', folder)
  await database.execute('create table yard.effects (place bigint generated always as identity, text text)')
  const outbox = makeOutbox({ service: 'yard', clock: systemClock, random: systemRandom, wake: () => {} })
  const open = () =>
    makeSubscription({
      service: 'yard',
      group: 'group',
      topics: ['things'],
      from: 'beginning',
      database,
      outbox,
      clock: { ...systemClock, sleep: async () => {} },
      log: pino({ level: 'silent' }),
      point: async () => {},
      async handle(transaction, messages) {
        for (const { value } of messages) {
          await judge(String(value))
          await transaction.execute('insert into yard.effects (text) values ($1)', [String(value)])
        }
      },
    })
  const effects = async () =>
    (await database.query<{ text: string }>('select text from yard.effects order by place')).map(({ text }) => text)
  const letters = () =>
    database.query<{ key: Buffer; value: Buffer; headers: Record<string, string> }>(
      'select key, value, headers from yard.outbox order by id',
    )
  return { open, effects, letters, database }
}

function batchOf(texts: readonly string[], first = 0): Batch {
  const messages = texts.map(
    (text, index): RawMessage => ({
      topic: 'things',
      partition: 0,
      offset: first + index,
      key: Buffer.from('k'),
      headers: { own: 'header' },
      value: Buffer.from(text),
      timestamp: new Date(0),
    }),
  )
  return { topic: 'things', partition: 0, messages, nextOffset: first + texts.length }
}

test('a batch that is delivered again changes nothing', async (t) => {
  const { open, effects } = await consumerFor(t, () => {})
  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle(batchOf(['a', 'b']))
  await consumer.position('things', 0)
  const stale = open()
  assert.equal(await stale.handle(batchOf(['a', 'b'])), false)
  assert.deepEqual(await effects(), ['a', 'b'])
})

test('a zombie that still holds an old position changes nothing', async (t) => {
  const { open, effects } = await consumerFor(t, () => {})
  const [zombie, successor] = [open(), open()]
  await zombie.position('things', 0)
  await zombie.handle(batchOf(['a']))
  await successor.position('things', 0)
  await successor.handle(batchOf(['b'], 1))
  assert.equal(await zombie.handle(batchOf(['b'], 1)), false)
  assert.deepEqual(await effects(), ['a', 'b'])
})

test('of a hundred messages with three poisonous ones, those three are dead-lettered as they came and the others take effect in order', async (t) => {
  const poison = new Set(['m7', 'm50', 'm99'])
  const { open, effects, letters } = await consumerFor(t, (text) => {
    if (poison.has(text)) throw new Error(`cannot digest ${text}`)
  })
  const texts = Array.from({ length: 100 }, (_, index) => `m${index}`)
  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle(batchOf(texts))
  assert.deepEqual(
    await effects(),
    texts.filter((text) => !poison.has(text)),
  )
  const buried = await letters()
  assert.deepEqual(
    buried.map(({ value }) => String(value)),
    ['m7', 'm50', 'm99'],
  )
  assert.equal(buried[0]?.headers['own'], 'header')
  assert.equal(buried[0]?.headers['dead-letter-topic'], 'things')
  assert.equal(buried[0]?.headers['dead-letter-offset'], '7')
  assert.equal(buried[0]?.headers['dead-letter-reason'], 'cannot digest m7')
  assert.equal(await open().position('things', 0), 100)
})

test('a failure that may pass is never held against a message', async (t) => {
  let away = true
  const { open, effects, letters } = await consumerFor(t, () => {
    if (away) throw unavailable('the database does not answer')
  })
  const consumer = open()
  await consumer.position('things', 0)
  await assert.rejects(consumer.handle(batchOf(['a'])), /does not answer/)
  away = false
  await consumer.handle(batchOf(['a']))
  assert.deepEqual(await effects(), ['a'])
  assert.deepEqual(await letters(), [])
})

test('of two consumers at one batch one takes it, and the other neither does it again nor waits for it', async (t) => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const { open, effects } = await consumerFor(t, async () => {
    begin()
    await released
  })
  const [one, other] = [open(), open()]
  for (const consumer of [one, other]) await consumer.position('things', 0)
  await one.handle({ ...batchOf([]), nextOffset: 0 })
  await other.position('things', 0)
  const taken = one.handle(batchOf(['a']))
  await begun
  assert.equal(await other.handle(batchOf(['a'])), false)
  release()
  assert.equal(await taken, true)
  assert.deepEqual(await effects(), ['a'])
})

test('of a batch that breaks a constraint only the culprit is dead-lettered', async (t) => {
  const { open, effects, letters, database } = await consumerFor(t, () => {})
  await database.execute('create unique index on yard.effects (text)')
  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle(batchOf(['a', 'b', 'a', 'c']))
  assert.deepEqual(await effects(), ['a', 'b', 'c'])
  const [letter, ...others] = await letters()
  assert.equal(letter?.headers['dead-letter-offset'], '2')
  assert.match(letter?.headers['dead-letter-reason'] ?? '', /duplicate key/)
  assert.deepEqual(others, [])
})

test('a message that PostgreSQL could not keep as text is dead-lettered as it came, whatever the reason says', async (t) => {
  const { open, letters } = await consumerFor(t, () => {
    throw new Error(`\0 ${'x'.repeat(1_997)}\u{1f600}`)
  })
  const consumer = open()
  await consumer.position('things', 0)
  const batch = batchOf(['a'])
  const key = Buffer.from([0, 255, 97])
  const headers = { own: 'NUL \0 and half a pair \ud83d', '\0': '' }
  await consumer.handle({ ...batch, messages: batch.messages.map((message) => ({ ...message, key, headers })) })
  const [letter] = await letters()
  assert.deepEqual(letter?.key, key)
  const { own, '\0': nul } = letter?.headers ?? {}
  assert.deepEqual({ own, '\0': nul }, headers)
  assert.equal(letter?.headers['dead-letter-reason']?.length, 2_000)
})
