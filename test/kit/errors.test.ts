import assert from 'node:assert/strict'
import { test } from 'node:test'
import { badInput, classify, messageOf } from '../../services/kit/errors.ts'

test('any thrown thing becomes an error that says whether another try may help', () => {
  const known = badInput('no')
  assert.equal(classify(known), known)
  assert.equal(classify(Object.assign(new Error('write'), { code: 'ENOSPC' })).message, 'the disk is full')
  for (const thrown of [new Error('x'), Object.assign(new Error('spawn'), { code: 'ENOENT' }), 'text', undefined]) {
    const { code, retryable } = classify(thrown)
    assert.deepEqual({ code, retryable }, { code: 'broken', retryable: false })
  }
})

test('an error that has nothing but a code is told by its code', () => {
  assert.equal(messageOf(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })), 'ECONNREFUSED')
  assert.equal(messageOf(new RangeError()), 'RangeError')
})
