import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { pino } from 'pino'
import { makeConnect } from '../../../../services/kit/bus/kafka/connect.ts'

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
  maybeThrottle(milliseconds: number): void
  scheduleRequestTimeoutCheck(): void
  destroy(): void
  push(request: { entry: object; expectResponse: boolean; sendRequest: () => void }): void
}
type RequestQueueConstructor = new (options: object) => RequestQueue

/** One of the queues that every connection of kafkajs has. */
function makeQueue(): RequestQueue {
  makeConnect({ brokers: ['127.0.0.1:9092'], prefix: '', tls: undefined, sasl: undefined }, pino({ level: 'silent' }))
  const Queue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as RequestQueueConstructor
  return new Queue({ maxInFlightRequests: null, requestTimeout: 10, logger: { debug: () => {} } })
}

test('a connection that has nothing to send sets no timer', () => {
  const queue = makeQueue()
  queue.checkPendingRequests()
  assert.equal(queue.throttleCheckTimeoutId, null)
})

test('what a broker asked us to hold back is sent when the time has come', async () => {
  const queue = makeQueue()
  const sent = Promise.withResolvers<string>()
  queue.maybeThrottle(30)
  const entry = { correlationId: 1, resolve: () => {}, reject: sent.reject }
  queue.push({ entry, expectResponse: false, sendRequest: () => sent.resolve('sent') })
  assert.notEqual(queue.throttleCheckTimeoutId, null)
  assert.equal(await sent.promise, 'sent')
  assert.equal(queue.throttleCheckTimeoutId, null)
})

test('a request that is not answered in time is given up', async (t) => {
  const queue = makeQueue()
  queue.scheduleRequestTimeoutCheck()
  t.after(() => queue.destroy())
  const answer = new Promise((resolve, reject) => {
    queue.push({ entry: { correlationId: 1, resolve, reject }, expectResponse: true, sendRequest: () => {} })
  })
  await assert.rejects(answer, { name: 'KafkaJSRequestTimeoutError' })
})
