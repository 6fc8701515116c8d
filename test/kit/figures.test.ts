import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counted, duration, percent, points, shortDigest } from '../../services/kit/figures.ts'

test('durations are given in the two largest units that matter', () => {
  const table: [number, string][] = [
    [-5, '0 ms'],
    [850, '850 ms'],
    [1_000, '1.0 s'],
    [12_340, '12.3 s'],
    [59_940, '59.9 s'],
    [59_970, '1 min 00 s'],
    [245_000, '4 min 05 s'],
    [3_600_000, '1 h 00 min'],
    [12_000_000, '3 h 20 min'],
    [187_200_000, '2 d 4 h'],
  ]
  for (const [milliseconds, text] of table) assert.equal(duration(milliseconds), text)
})

test('differences carry their sign, and nothing that rounds to nothing has one', () => {
  assert.equal(points(0.0123), '+1.2')
  assert.equal(points(-0.0123), '−1.2')
  assert.equal(points(-0.0001), '0.0')
  assert.equal(points(0), '0.0')
})

test('counts agree with their noun, shares are percentages, digests are recognisable', () => {
  assert.equal(counted(1, 'row'), '1 row')
  assert.equal(counted(1_234, 'row'), '1,234 rows')
  assert.equal(counted(0, 'try', 'tries'), '0 tries')
  assert.equal(percent(0.91304), '91.3 %')
  assert.equal(shortDigest(`sha256:${'0123456789abcdef'.repeat(4)}`), 'sha256:0123456789ab…')
})
