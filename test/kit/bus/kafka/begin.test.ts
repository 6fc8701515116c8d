import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isThere } from '../../../../services/kit/bus/kafka/begin.ts'
import { farthestTimeMs } from '../../../../services/kit/bus/kafka/messages.ts'

const range = { low: 3, high: 9 }
const at = (offset: number, handledUntil: Date | undefined, after = range.high) =>
  isThere({ offset, handledUntil }, range, async () => after)

test('a group goes on within what the partition holds, and nowhere else', async () => {
  const time = new Date(1)
  assert.deepEqual(await Promise.all([2, 3, 9, 10].map((offset) => at(offset, time))), [false, true, true, false])
})

test('a partition whose oldest message is later than all that was handled is another one', async () => {
  assert.equal(await at(5, new Date(1), range.low), false)
  assert.equal(await at(5, new Date(1), range.low + 1), true)
  assert.equal(await at(5, undefined, range.low), true)
})

test('a time that stands for all beyond it makes no partition another one', async () => {
  assert.equal(await at(5, new Date(farthestTimeMs), range.low), true)
})
