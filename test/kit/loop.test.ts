import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { systemClock } from '../../services/kit/clock.ts'
import { makeLoop } from '../../services/kit/loop.ts'
import { eventually } from '../harness/eventually.ts'

const log = pino({ level: 'silent' })
const anHourMs = 3_600_000

test('a wake during a look is not lost: the loop looks again at once', async () => {
  let looks = 0
  const loop = makeLoop(
    {
      name: 'looking',
      pollMs: anHourMs,
      async work() {
        looks += 1
        if (looks === 1) loop.wake()
        return undefined
      },
    },
    systemClock,
    log,
  )
  loop.start()
  await eventually(() => looks === 2)
  loop.wake()
  await eventually(() => looks === 3)
  await loop.stop()
})

test('a look that fails is tried again, and stopping waits for the look in progress', async () => {
  let looks = 0
  let ended = false
  const loop = makeLoop(
    {
      name: 'failing',
      pollMs: 1,
      async work(signal) {
        looks += 1
        if (looks < 3) throw new Error('not yet')
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        ended = true
        return undefined
      },
    },
    systemClock,
    log,
  )
  loop.start()
  await eventually(() => looks === 3)
  await loop.stop()
  assert.ok(ended)
})

test('nothing is slept through for longer than the poll, however late the next thing seems to be due', async () => {
  let looks = 0
  const loop = makeLoop(
    {
      name: 'patient',
      pollMs: 1,
      async work() {
        looks += 1
        return 50 * 24 * anHourMs
      },
    },
    systemClock,
    log,
  )
  loop.start()
  await eventually(() => looks >= 3)
  await loop.stop()
})

test('stopping does not wait for the next look', async () => {
  let looks = 0
  const work = async () => {
    looks += 1
    return undefined
  }
  const loop = makeLoop({ name: 'asleep', pollMs: anHourMs, work }, systemClock, log)
  loop.start()
  await eventually(() => looks === 1)
  await loop.stop()
  assert.equal(looks, 1)
})
