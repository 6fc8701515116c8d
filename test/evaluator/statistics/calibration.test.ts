import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { calibrationError } from '../../../services/evaluator/statistics/calibration.ts'

describe('the expected calibration error', () => {
  test('by hand: a bin at 0.95 that is right in 3 of 4, and one at 0.55 that is right in 1 of 2', () => {
    const answers = [
      { confidence: 0.95, right: true },
      { confidence: 0.95, right: true },
      { confidence: 0.95, right: true },
      { confidence: 0.95, right: false },
      { confidence: 0.55, right: true },
      { confidence: 0.55, right: false },
    ]
    assert.ok(Math.abs(calibrationError(answers) - ((4 / 6) * 0.2 + (2 / 6) * 0.05)) < 1e-12)
  })

  test('is 0 for a model that is always sure and always right, 1 for one that is always sure and never right', () => {
    assert.equal(calibrationError([{ confidence: 1, right: true }]), 0)
    assert.equal(calibrationError([{ confidence: 1, right: false }]), 1)
  })

  test('lies between 0 and 1 and does not depend on the order', () => {
    const answers = fc.array(fc.record({ confidence: fc.double({ min: 0, max: 1, noNaN: true }), right: fc.boolean() }))
    fc.assert(
      fc.property(answers, (given) => {
        const error = calibrationError(given)
        assert.ok(error >= 0 && error <= 1)
        assert.ok(Math.abs(calibrationError(given.toReversed()) - error) < 1e-9)
      }),
    )
  })
})
