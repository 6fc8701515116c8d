import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDescription } from '../../../services/trainer/answering/description.ts'

const stored = (outOfScope: object | null) => ({
  ...{ format: 'a format', intents: ['a', 'b'], hasNull: true, rows: 3, unknownWeight: 1, temperature: 0.4 },
  outOfScope,
})

test('a model that was stored before the softness was written answers as it did: with one of 1', () => {
  const { outOfScope } = parseDescription(stored({ bias: -1, slope: 2 }), 'a format')
  assert.deepEqual(outOfScope, { bias: -1, slope: 2, softness: 1 })
  const later = parseDescription(stored({ bias: -1, slope: 2, softness: 2 }), 'a format')
  assert.equal(later.outOfScope?.softness, 2)
  assert.equal(parseDescription(stored(null), 'a format').outOfScope, null)
})

test('a gate that is no gate is refused', () => {
  for (const gate of [{ bias: -1 }, { bias: -1, slope: 2, softness: 'soft' }]) {
    assert.throws(() => parseDescription(stored(gate), 'a format'), /is no a format model/)
  }
})
