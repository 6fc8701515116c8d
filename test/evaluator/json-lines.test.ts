import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { jsonLines } from '../../services/evaluator/json-lines.ts'

async function valuesOf(bytes: Buffer, chunk = bytes.length): Promise<unknown[]> {
  async function* chunks() {
    for (let start = 0; start < bytes.length; start += chunk) yield bytes.subarray(start, start + chunk)
  }
  return await Array.fromAsync(jsonLines(chunks()))
}

describe('JSON Lines', () => {
  test('values survive any cut of the stream, and texts that hold other ends of lines', async () => {
    const values = fc.array(fc.record({ text: fc.string({ unit: 'grapheme' }), intent: fc.option(fc.string()) }))
    const property = fc.asyncProperty(values, fc.integer({ min: 1, max: 9 }), async (given, chunk) => {
      const bytes = Buffer.from(given.map((value) => `${JSON.stringify(value)}\n`).join(''))
      assert.deepEqual(await valuesOf(bytes, chunk), JSON.parse(JSON.stringify(given)))
    })
    await fc.assert(property, { numRuns: 50 })
    assert.deepEqual(await valuesOf(Buffer.from('{"text":"one\u2028line"}\n')), [{ text: 'one\u2028line' }])
  })

  test('the last line needs no end, empty lines are skipped, and what is no JSON is undefined', async () => {
    assert.deepEqual(await valuesOf(Buffer.from('1\r\n\n{broken\n2')), [1, undefined, 2])
  })
})
