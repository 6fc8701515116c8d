import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Handling, makeSubscription } from '../../../services/kit/bus/consumer.ts'
import type { Clock } from '../../../services/kit/clock.ts'
import { unavailable } from '../../../services/kit/errors.ts'
import { eventually } from '../../harness/eventually.ts'
import { batchOf, consumersFor } from './consumers.ts'

test('a batch that is delivered again changes nothing', async (t) => {
  const { open, effects } = await consumersFor(t, () => {})
  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle(batchOf(['a', 'b']))
  await consumer.position('things', 0)
  const stale = open()
  assert.equal(await stale.handle(batchOf(['a', 'b'])), false)
  assert.deepEqual(await effects(), ['a', 'b'])
})

test('a zombie that still holds an old position changes nothing', async (t) => {
  const { open, effects } = await consumersFor(t, () => {})
  const [zombie, successor] = [open(), open()]
  await zombie.position('things', 0)
  await zombie.handle(batchOf(['a']))
  await successor.position('things', 0)
  await successor.handle(batchOf(['b'], { first: 1 }))
  assert.equal(await zombie.handle(batchOf(['b'], { first: 1 })), false)
  assert.deepEqual(await effects(), ['a', 'b'])
})

test('of a hundred messages with three poisonous ones, those three are parked and the others take effect in order', async (t) => {
  const poison = new Set(['m7', 'm50', 'm99'])
  const { open, effects, letters, parked } = await consumersFor(t, (text) => {
    if (poison.has(text)) throw new Error(`cannot digest ${text}`)
  })
  const texts = Array.from({ length: 100 }, (_, index) => `m${index}`)
  const consumer = open()
  await consumer.position('things', 0)
  assert.equal(await consumer.handle(batchOf(texts)), true)
  assert.deepEqual(
    await effects(),
    texts.filter((text) => !poison.has(text)),
  )
  assert.deepEqual(await parked(), [...poison])
  assert.deepEqual(await letters(), [])
  assert.equal((await open().position('things', 0))?.offset, 100)
})

test('a failure that may pass is never held against a message', async (t) => {
  let away = true
  const { open, effects, parked } = await consumersFor(t, () => {
    if (away) throw unavailable('the database does not answer')
  })
  const consumer = open()
  await consumer.position('things', 0)
  await assert.rejects(consumer.handle(batchOf(['a'])), /does not answer/)
  away = false
  await consumer.handle(batchOf(['a']))
  assert.deepEqual(await effects(), ['a'])
  assert.deepEqual(await parked(), [])
})

test('a consumer that gathers takes no further batch before its pause is over, and has its effect before it', async (t) => {
  const { options, effects } = await consumersFor(t, () => {})
  const pause = Promise.withResolvers<void>()
  const pauses: number[] = []
  const clock: Clock = {
    ...options.clock,
    sleep(milliseconds) {
      pauses.push(milliseconds)
      return pause.promise
    },
  }
  const consumer = makeSubscription({ ...options, gatherMs: 100, clock })
  await consumer.position('things', 0)
  assert.equal(await consumer.handle(batchOf(['a'])), true)
  assert.deepEqual([await effects(), pauses], [['a'], []])
  let isRested = false
  const rested = consumer.rest?.('things', 0).then(() => {
    isRested = true
  })
  await eventually(() => pauses.length > 0)
  assert.deepEqual([pauses, isRested], [[100], false])
  pause.resolve()
  await rested
})

test('a consumer that gathers does so for longer while much comes', async (t) => {
  const { options } = await consumersFor(t, () => {})
  const pauses: number[] = []
  const sleep = async (milliseconds: number) => void pauses.push(milliseconds)
  const clock = { ...options.clock, sleep }
  const consumer = makeSubscription({ ...options, gatherMs: 100, busyGatherMs: 500, clock })
  await consumer.position('things', 0)
  const { messages } = batchOf(['a', 'b', 'c', 'd', 'e', 'f'])
  await consumer.handle({ ...batchOf([]), messages: messages.slice(0, 1), nextOffset: 1 })
  await consumer.rest?.('things', 0)
  await consumer.handle({ ...batchOf([]), messages: messages.slice(1), nextOffset: 6 })
  await consumer.rest?.('things', 0)
  assert.deepEqual(pauses, [100, 500])
})

test('a consumer that gathers makes no pause after a batch for which somebody waits', async (t) => {
  const { options } = await consumersFor(t, () => {}, { isUrgent: ({ value }) => String(value) === 'urgent' })
  const pauses: number[] = []
  const sleep = async (milliseconds: number) => void pauses.push(milliseconds)
  const consumer = makeSubscription({ ...options, gatherMs: 100, clock: { ...options.clock, sleep } })
  await consumer.position('things', 0)
  const [first, second, third] = batchOf(['a', 'urgent', 'b']).messages
  for (const message of [first, second, third]) {
    assert.ok(message)
    await consumer.handle({ ...batchOf([]), messages: [message], nextOffset: message.offset + 1 })
    await consumer.rest?.('things', 0)
  }
  assert.deepEqual(pauses, [100, 100])
})

test('what takes others to answer is asked before the transaction: no answer leaves the batch, a refusal parks the culprit', async (t) => {
  let away = true
  const { options, effects, parked } = await consumersFor(t, () => {})
  const handling: Handling = {
    async prepare(messages) {
      if (away) throw unavailable('the registry does not answer')
      if (messages.some(({ value }) => String(value) === 'b')) throw new Error('no schema for b')
      return await options.handling.prepare(messages)
    },
  }
  const consumer = makeSubscription({ ...options, handling })
  await consumer.position('things', 0)
  await assert.rejects(consumer.handle(batchOf(['a', 'b', 'c'])), /registry does not answer/)
  away = false
  await consumer.handle(batchOf(['a', 'b', 'c']))
  assert.deepEqual(await effects(), ['a', 'c'])
  assert.deepEqual(await parked(), ['b'])
})

test('of two consumers at one batch one takes it, and the other neither does it again nor waits for it', async (t) => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const { open, effects } = await consumersFor(t, async () => {
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

test('of a batch that breaks a constraint only the culprit is parked', async (t) => {
  const { open, effects, parked, database } = await consumersFor(t, () => {})
  await database.execute('create unique index on yard.effects (text)')
  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle(batchOf(['a', 'b', 'a', 'c']))
  assert.deepEqual(await effects(), ['a', 'b', 'c'])
  assert.deepEqual(await parked(), ['a'])
})

test('where to begin is said once: over a position on record it changes nothing', async (t) => {
  const { open, effects } = await consumersFor(t, () => {})
  const consumer = open()
  await consumer.position('things', 0)
  const beginning = (nextOffset: number) => consumer.handle({ topic: 'things', partition: 0, messages: [], nextOffset })
  assert.equal(await beginning(0), true)
  await consumer.handle(batchOf(['a', 'b']))
  assert.equal(await beginning(50), false)
  assert.equal((await consumer.position('things', 0))?.offset, 2)
  assert.deepEqual(await effects(), ['a', 'b'])
})
