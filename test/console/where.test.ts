import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whereOf } from '../../services/console/where.ts'

test('what is not asked for is no condition, and every value has its own place', () => {
  assert.deepEqual(
    whereOf([
      ['bot = ?', 'shop'],
      ['state = ?', undefined],
      ['(begun_at, run) < (?, ?)', 1, 'run'],
    ]),
    { where: 'where bot = $1 and (begun_at, run) < ($2, $3)', values: ['shop', 1, 'run'] },
  )
  assert.deepEqual(whereOf([['bot = ?', undefined]]), { where: '', values: [] })
})
