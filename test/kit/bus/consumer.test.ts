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

async function consumerFor(t: TestContext, judge: (text: string) => void) {
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
          judge(String(value))
          await transaction.execute('insert into yard.effects (text) values ($1)', [String(value)])
        }
      },
    })
  const effects = async () =>
    (await database.query<{ text: string }>('select text from yard.effects order by place')).map(({ text }) => text)
  const letters = () =>
    database.query<{ value: Buffer; headers: Record<string, string> }>(
      'select value, headers from yard.outbox order by id',
    )
  return { open, effects, letters }
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
  await assert.rejects(stale.handle(batchOf(['a', 'b'])), /has moved on/)
  assert.deepEqual(await effects(), ['a', 'b'])
})

test('a zombie that still holds an old position changes nothing', async (t) => {
  const { open, effects } = await consumerFor(t, () => {})
  const [zombie, successor] = [open(), open()]
  await zombie.position('things', 0)
  await zombie.handle(batchOf(['a']))
  await successor.position('things', 0)
  await successor.handle(batchOf(['b'], 1))
  await assert.rejects(zombie.handle(batchOf(['b'], 1)), /has moved on/)
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
