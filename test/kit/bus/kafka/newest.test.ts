import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IfNotAll, RawMessage } from '../../../../services/kit/bus/bus.ts'
import { newestOf } from '../../../../services/kit/bus/kafka/newest.ts'

const bytesEach = 1024

/** One partition after the other, as Kafka gives them, whose messages are of the same times. */
function* partitions(count: number, perPartition: number): Generator<RawMessage> {
  for (let partition = 0; partition < count; partition += 1)
    for (let offset = 0; offset < perPartition; offset += 1)
      yield {
        topic: 'things',
        partition,
        offset,
        key: null,
        headers: {},
        value: Buffer.alloc(bytesEach),
        timestamp: new Date(offset * count + partition),
      }
}

function newest(count: number, ifNotAll: IfNotAll, limitBytes?: number) {
  const all = newestOf({ topic: 'things', count, ifNotAll, ...(limitBytes && { limitBytes }) })
  for (const message of partitions(3, 100)) all.add(message)
  return all.all().map(({ timestamp }) => timestamp.getTime())
}

const upTo300 = (count: number) => Array.from({ length: count }, (_, index) => 300 - count + index)

test('the newest of several partitions are the newest of all, oldest first', () => {
  for (const count of [1, 2, 7, 100, 299, 300]) assert.deepEqual(newest(count, 'fail'), upTo300(count))
  assert.deepEqual(newest(1_000, 'fail'), upTo300(300))
})

test('what is more than is held at once fails with the name of its topic, or the newest that fit are left', () => {
  const limit = 50 * bytesEach
  assert.throws(() => newest(51, 'fail', limit), { code: 'tooLarge', message: /the newest 51 messages of things have/ })
  assert.deepEqual(newest(50, 'fail', limit), upTo300(50))
  assert.deepEqual(newest(51, 'fewer', limit), upTo300(50))
})
