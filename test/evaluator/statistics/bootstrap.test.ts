import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { percentileInterval, resampleDifferences } from '../../../services/evaluator/statistics/bootstrap.ts'
import { seededFractions } from '../../../services/evaluator/statistics/seeded.ts'

describe('the bootstrap of a paired difference', () => {
  test('the same seed gives the same resamples, another seed others', () => {
    const once = resampleDifferences(500, 40, 60, seededFractions('eval-1'))
    assert.deepEqual(resampleDifferences(500, 40, 60, seededFractions('eval-1')), once)
    assert.notDeepEqual(resampleDifferences(500, 40, 60, seededFractions('eval-2')), once)
  })

  test('its mean and spread are those of the rows that it draws from', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 100_000 }),
        fc.nat({ max: 60 }),
        fc.nat({ max: 60 }),
        (rows, won, lost) => {
          fc.pre(won + lost <= rows && won + lost > 0)
          const differences = resampleDifferences(rows, won, lost, seededFractions(`${rows}`))
          const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length
          const variance = won + lost - (won - lost) ** 2 / rows
          const error = Math.sqrt(variance / differences.length)
          assert.ok(Math.abs(mean - (won - lost)) < 6 * error, `mean ${mean}`)
          const spread = differences.reduce((sum, difference) => sum + (difference - mean) ** 2, 0) / differences.length
          assert.ok(Math.abs(spread - variance) < 0.15 * variance + 0.1, `variance ${spread}, expected ${variance}`)
        },
      ),
      { numRuns: 15 },
    )
  })

  test('where many rows differ it agrees with the normal approximation', () => {
    const [rows, won, lost] = [4_500, 180, 120]
    const { low, high } = percentileInterval(resampleDifferences(rows, won, lost, seededFractions('seed')), rows, 0.95)
    const estimate = (won - lost) / rows
    const half = (1.96 * Math.sqrt(won + lost - (won - lost) ** 2 / rows)) / rows
    assert.ok(Math.abs(low - (estimate - half)) < 0.0006)
    assert.ok(Math.abs(high - (estimate + half)) < 0.0006)
  })

  test('fractions are spread evenly', () => {
    const fraction = seededFractions('even')
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 100_000; i += 1) {
      const tenth = Math.floor(fraction() * 10)
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    for (const count of tenths) assert.ok(Math.abs(count - 10_000) < 500, `${count} in a tenth`)
  })
})
