import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { systemClock } from '../../services/kit/clock.ts'
import { makeLifecycle } from '../../services/kit/lifecycle.ts'

const log = pino({ level: 'silent' })

function recorded(stopLimitMs = 10_000) {
  const steps: string[] = []
  const codes: number[] = []
  const lifecycle = makeLifecycle({ clock: systemClock, log, stopLimitMs, exit: (code) => codes.push(code) })
  const part = (name: string, fails = false) => ({
    name,
    start() {
      if (fails) throw new Error(`${name} fails`)
      steps.push(`start ${name}`)
    },
    stop() {
      steps.push(`stop ${name}`)
    },
  })
  return { steps, codes, lifecycle, part }
}

test('parts start in order and stop in reverse, once however often it is asked', async () => {
  const { steps, lifecycle, part } = recorded()
  for (const name of ['a', 'b', 'c']) lifecycle.add(part(name))
  await lifecycle.start()
  await Promise.all([lifecycle.stop(), lifecycle.stop()])
  assert.deepEqual(steps, ['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a'])
})

test('when a part does not start, those before it are stopped and the error is told', async () => {
  const { steps, lifecycle, part } = recorded()
  lifecycle.add({ name: 'open', stop: () => void steps.push('stop open') })
  lifecycle.add(part('a'))
  lifecycle.add(part('b', true))
  lifecycle.add(part('c'))
  await assert.rejects(lifecycle.start(), /b fails/)
  assert.deepEqual(steps, ['start a', 'stop a', 'stop open'])
})

test('a part that never stops is cut off at the limit', async () => {
  const { lifecycle } = recorded(20)
  lifecycle.add({ name: 'stuck', stop: () => new Promise(() => {}) })
  await lifecycle.stop()
})

test('what cannot be mended stops everything and exits with 1', async () => {
  const { codes, steps, lifecycle, part } = recorded()
  lifecycle.add(part('a'))
  await lifecycle.start()
  lifecycle.fail(new Error('gone'))
  await lifecycle.stop()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([steps.at(-1), codes], ['stop a', [1]])
})

test('a stop during the start waits for the step in progress, begins no other, and stops what has begun', async () => {
  const { steps, lifecycle, part } = recorded()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const start = () => {
    begin()
    return released
  }
  lifecycle.add(part('a'))
  lifecycle.add({ ...part('slow'), start })
  lifecycle.add(part('never'))
  const started = assert.rejects(lifecycle.start(), { code: 'unavailable', message: /stopped before it was ready/ })
  await begun
  const stopped = lifecycle.stop()
  release()
  await Promise.all([started, stopped])
  assert.deepEqual(steps, ['start a', 'stop slow', 'stop a'])
})

test('what is opened while a stop is under way is closed, too', async () => {
  const { steps, lifecycle } = recorded()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const started = lifecycle.start(async () => {
    await released
    lifecycle.add({ name: 'late', stop: () => void steps.push('stop late') })
    steps.push('went on')
  })
  const stopped = lifecycle.stop()
  release()
  await assert.rejects(started, { code: 'unavailable' })
  await stopped
  assert.deepEqual(steps, ['stop late'])
})
