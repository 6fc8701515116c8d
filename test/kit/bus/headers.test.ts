import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { headersOfJson, headersToJson } from '../../../services/kit/bus/headers.ts'

test('headers come back from a column of JSON as they were: text, bytes, and those that occur more than once', () => {
  const bytes = fc.uint8Array({ maxLength: 8 }).map((array) => Buffer.from(array))
  const one = fc.oneof(fc.string({ unit: 'binary' }), bytes)
  const headers = fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(one, fc.array(one)))
  fc.assert(
    fc.property(headers, (given) => {
      const kept = JSON.parse(JSON.stringify(headersToJson(given)))
      assert.deepEqual({ ...headersOfJson(kept) }, { ...given })
    }),
  )
})
