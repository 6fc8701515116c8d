import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, ordinal, relative } from '../../../services/cli/render/figures.ts'

const now = new Date('2026-03-01T12:00:00Z')
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000)

for (const [seconds, text] of [
  [0, 'now'],
  [-0.4, 'now'],
  [-1, '1 s ago'],
  [-59.9, '59 s ago'],
  [-61, '1 min ago'],
  [-3 * 3600, '3 h ago'],
  [-50 * 3600, '2 d ago'],
  [0.4, 'in 1 s'],
  [11.2, 'in 12 s'],
  [40, 'in 40 s'],
  [120, 'in 2 min'],
  [7 * 86_400, 'in 7 d'],
  [7 * 86_400 - 1, 'in 7 d'],
  [3599, 'in 60 min'],
] as const) {
  test(`a time ${seconds} s from now is "${text}"`, () => assert.equal(relative(at(seconds), now), text))
}

test('sizes and places read as people write them', () => {
  assert.equal(bytes(1536), '1.5 KiB')
  assert.deepEqual([1, 2, 3, 4, 11, 21, 112].map(ordinal), ['first', 'second', 'third', '4th', '11th', '21st', '112th'])
})
