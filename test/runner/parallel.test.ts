import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inParallel } from '../../services/runner/parallel.ts'

test('no more than the limit are under way at once, and every item has its turn', async () => {
  let underWay = 0
  let most = 0
  const done: number[] = []
  await inParallel(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
    most = Math.max(most, ++underWay)
    await new Promise(setImmediate)
    underWay--
    done.push(item)
  })
  assert.equal(most, 3)
  assert.deepEqual(done.sort(), [1, 2, 3, 4, 5, 6, 7])
})

test('after a failure no further item begins', async () => {
  const begun: number[] = []
  const work = inParallel(2, [1, 2, 3, 4, 5], async (item) => {
    begun.push(item)
    await new Promise(setImmediate)
    if (item === 1) throw new Error('no')
  })
  await assert.rejects(work, { message: 'no' })
  await new Promise(setImmediate)
  assert.deepEqual(begun, [1, 2])
})
