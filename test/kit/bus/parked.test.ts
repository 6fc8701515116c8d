import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { deadLetterHeaders } from '../../../schemas/reference/headers.ts'
import { unavailable } from '../../../services/kit/errors.ts'
import { batchOf, consumersFor } from './consumers.ts'

const signal = new AbortController().signal
/** What is lost of a time in seconds when it becomes a number. */
const clockGrain = 1e-5

test('while a message fails, later ones of its key wait behind it in order, and other keys go on', async (t) => {
  let failing = true
  const { open, effects, parked, tryParked } = await consumersFor(t, (text) => {
    if (failing && text === 'a:2') throw new Error('not yet')
  })
  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle(batchOf(['a:1', 'a:2', 'b:1', 'a:3']))
  await consumer.handle(batchOf(['a:4', 'b:2'], { first: 4 }))
  assert.deepEqual(await effects(), ['a:1', 'b:1', 'b:2'])
  assert.deepEqual(await parked(), ['a:2', 'a:3', 'a:4'])

  failing = false
  await tryParked()
  assert.deepEqual((await effects()).slice(3), ['a:2', 'a:3', 'a:4'])
  await consumer.handle(batchOf(['a:5'], { first: 6 }))
  assert.equal((await effects()).at(-1), 'a:5')
})

test('a message that always fails goes to the dead letters after its last try, once, and the next of its key has its turn', async (t) => {
  let tries = 0
  const told: string[] = []
  const { open, effects, parked, letters, tryParked } = await consumersFor(
    t,
    (text) => {
      if (text !== 'a:1') return
      tries += 1
      throw new Error(`cannot digest it the ${tries}. time`)
    },
    { buried: async (_, { value }, reason) => void told.push(`${value}: ${reason}`) },
  )
  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle({ ...batchOf(['a:1']), nextOffset: 1 })
  await consumer.handle(batchOf(['a:2'], { first: 1 }))
  while ((await letters()).length === 0) await tryParked()
  await tryParked()
  assert.equal(tries, 5)
  assert.deepEqual(told, ['a:1: cannot digest it the 5. time'])
  const [letter, ...others] = await letters()
  assert.deepEqual(others, [])
  assert.deepEqual(letter?.value, Buffer.from('a:1'))
  assert.deepEqual(letter?.key, Buffer.from('a'))
  const documented = deadLetterHeaders.map(({ name }) => name)
  assert.deepEqual(new Set(Object.keys(letter?.headers ?? {})), new Set(['own', ...documented]))
  assert.equal(letter?.headers['own'], 'header')
  assert.equal(letter?.headers['dead-letter-topic'], 'things')
  assert.equal(letter?.headers['dead-letter-offset'], '0')
  assert.equal(letter?.headers['dead-letter-reason'], 'cannot digest it the 5. time')
  assert.deepEqual(await effects(), ['a:2'])
  assert.deepEqual(await parked(), [])
})

test('the pauses between the tries grow, and nothing is tried before its pause is over', async (t) => {
  const { open, database, parkedLoop } = await consumersFor(t, () => {
    throw new Error('never')
  })
  const databaseTime = async () => {
    const [row] = await database.query<{ seconds: number }>(
      'select extract(epoch from clock_timestamp())::double precision as seconds',
    )
    return row?.seconds ?? 0
  }
  const line = async () => {
    const [row] = await database.query<{ tries: number; due: number }>(
      'select tries, extract(epoch from due_at)::double precision as due from yard.parked_lines',
    )
    return row ?? { tries: 0, due: 0 }
  }
  const consumer = open()
  await consumer.position('things', 0)
  let began = await databaseTime()
  await consumer.handle(batchOf(['a']))
  for (const [index, pause] of [1, 2, 4, 8].entries()) {
    const { tries, due } = await line()
    assert.equal(tries, index + 1)
    // The try lies between the two readings of the clock, however slow the machine is.
    assert.ok(due - began >= pause - clockGrain, `at least ${pause} s after it began`)
    assert.ok(due - (await databaseTime()) <= pause + clockGrain, `at most ${pause} s after it ended`)

    await database.execute("update yard.parked_lines set due_at = now() + interval '1 hour'")
    assert.ok(Number(await parkedLoop.work(signal)) > 0)
    assert.equal((await line()).tries, tries)

    began = await databaseTime()
    await database.execute('update yard.parked_lines set due_at = now()')
    await parkedLoop.work(signal)
  }
})

test('messages without a key wait for nobody', async (t) => {
  const { open, effects, parked } = await consumersFor(t, (text) => {
    if (text === 'poison') throw new Error('never')
  })
  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle(batchOf(['one', 'poison', 'two', 'poison', 'three'], { key: null }))
  assert.deepEqual(await effects(), ['one', 'two', 'three'])
  assert.deepEqual(await parked(), ['poison', 'poison'])
})

test('the same key of another topic goes on', async (t) => {
  const { open, effects } = await consumersFor(t, (text) => {
    if (text === 'a:1') throw new Error('never')
  })
  const consumer = open()
  for (const topic of ['things', 'others']) await consumer.position(topic, 0)
  await consumer.handle(batchOf(['a:1']))
  await consumer.handle(batchOf(['a:2'], { topic: 'others' }))
  assert.deepEqual(await effects(), ['a:2'])
})

test('a failure that may pass counts as no try of a parked message, and holds up no other key', async (t) => {
  let failing = true
  let away = true
  const { open, effects, letters, tryParked } = await consumersFor(t, (text) => {
    if (failing) throw new Error('not yet')
    if (away && text === 'a') throw unavailable('its registry does not answer')
  })
  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle(batchOf(['a', 'b']))
  failing = false
  for (let times = 0; times < 10; times += 1) await tryParked()
  assert.deepEqual(await effects(), ['b'])
  assert.deepEqual(await letters(), [])
  away = false
  await tryParked()
  assert.deepEqual(await effects(), ['b', 'a'])
})

test('of two replicas one tries a parked message, and what comes meanwhile of its key waits for the end of the try', async (t) => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let parking = true
  const { open, effects, parkedLoop, database } = await consumersFor(t, async (text) => {
    if (text !== 'a:1') return
    if (parking) throw new Error('not yet')
    begin()
    await released
  })
  const consumer = open()
  await consumer.position('things', 0)
  await consumer.handle(batchOf(['a:1']))
  parking = false
  await database.execute('update yard.parked_lines set due_at = now()')
  const trying = parkedLoop.work(signal)
  await begun
  assert.ok(Number(await parkedLoop.work(signal)) > 0, 'the other replica leaves it alone')
  const later = consumer.handle(batchOf(['a:2'], { first: 1 }))
  release()
  await Promise.all([trying, later])
  assert.deepEqual(await effects(), ['a:1', 'a:2'])
})

test('a dead letter that cannot be read goes nowhere again', async (t) => {
  const { open, letters, parked, tryParked } = await consumersFor(t, () => {
    throw new Error('never')
  })
  const topic = 'trainyard.dead-letters'
  const consumer = open()
  await consumer.position(topic, 0)
  await consumer.handle(batchOf(['a'], { topic }))
  while ((await parked()).length > 0) await tryParked()
  assert.deepEqual(await letters(), [])
})

test('a message is kept and dead-lettered as it came, whatever its bytes and whatever the reason says', async (t) => {
  const { open, letters, tryParked } = await consumersFor(t, () => {
    throw new Error(`\0 ${'x'.repeat(1_997)}\u{1f600}`)
  })
  const consumer = open()
  await consumer.position('things', 0)
  const key = Buffer.from([0, 255, 97])
  const headers = {
    own: 'NUL \0 and half a pair \ud83d',
    '\0': '',
    bytes: Buffer.from([0xff]),
    doubled: ['one', Buffer.from([0xfe])],
  }
  const batch = batchOf(['a'])
  await consumer.handle({ ...batch, messages: batch.messages.map((message) => ({ ...message, key, headers })) })
  while ((await letters()).length === 0) await tryParked()
  const [letter] = await letters()
  assert.deepEqual(letter?.key, key)
  const { own, '\0': nul, bytes, doubled } = letter?.headers ?? {}
  assert.deepEqual({ own, '\0': nul }, { own: headers.own, '\0': '' })
  assert.deepEqual({ bytes, doubled }, { bytes: { base64: '/w==' }, doubled: ['one', { base64: '/g==' }] })
  assert.equal(letter?.headers['dead-letter-reason']?.length, 2_000)
})

test('a key of any length holds up itself alone', async (t) => {
  const { open, effects, parked } = await consumersFor(t, (text) => {
    if (text === 'bad') throw new Error('never')
  })
  const consumer = open()
  await consumer.position('things', 0)
  const [long, other] = [randomBytes(4_000).toString('hex'), 'other']
  await consumer.handle(batchOf(['bad', 'behind it'], { key: long }))
  await consumer.handle(batchOf(['good'], { first: 2, key: other }))
  assert.deepEqual(await effects(), ['good'])
  assert.equal((await parked()).length, 2)
})
