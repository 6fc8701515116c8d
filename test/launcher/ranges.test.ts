import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rangeOf } from '../../services/launcher/ranges.ts'

const rows: readonly [header: string | undefined, status: number, start: number, end: number][] = [
  [undefined, 200, 0, 10],
  ['bytes=0-', 206, 0, 10],
  ['bytes=2-4', 206, 2, 5],
  ['bytes=8-99', 206, 8, 10],
  ['bytes=-3', 206, 7, 10],
  ['bytes=-99', 206, 0, 10],
  ['bytes=10-', 416, 0, 0],
  ['bytes=5-2', 416, 0, 0],
  ['bytes=-', 200, 0, 10],
  ['bytes=0-1,4-5', 200, 0, 10],
  ['lines=1-2', 200, 0, 10],
]
for (const [header, status, start, end] of rows) {
  test(`of 10 bytes, ${header ?? 'no range'} gives ${status} from ${start} to ${end}`, () => {
    const range = rangeOf(header, 10)
    assert.deepEqual([range.status, range.bytes], [status, { start, end }])
    assert.equal(range.headers['content-length'], String(end - start))
  })
}
