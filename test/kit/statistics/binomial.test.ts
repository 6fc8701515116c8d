import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { atMost, logFactorial, logProbability, upperBound } from '../../../services/kit/statistics/binomial.ts'

describe('the binomial distribution', () => {
  test('the factorial is exact in the table and beyond it', () => {
    assert.equal(logFactorial(0), 0)
    assert.ok(Math.abs(logFactorial(10) - Math.log(3_628_800)) < 1e-12)
    // ln 2000! from exact arithmetic; the table ends at 1023.
    let factorial = 1n
    for (let n = 2n; n <= 2000n; n += 1n) factorial *= n
    const digits = factorial.toString()
    const expected = Math.log(Number(`0.${digits.slice(0, 17)}`)) + digits.length * Math.LN10
    assert.ok(Math.abs(logFactorial(2000) - expected) < 1e-9)
  })

  test('probabilities of all outcomes add up to one, and atMost is their sum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, p) => {
        let sum = 0
        for (let k = 0; k <= n; k += 1) {
          sum += Math.exp(logProbability(k, n, p))
          assert.ok(Math.abs(atMost(k, n, p) - sum) < 1e-9, `P(X ≤ ${k})`)
        }
        assert.ok(Math.abs(sum - 1) < 1e-9)
      }),
      { numRuns: 50 },
    )
  })

  test("Clopper and Pearson's bound: with none of 20 seen, 1 − 0.025^(1/20)", () => {
    assert.ok(Math.abs(upperBound(0, 20, 0.025) - 0.16843) < 1e-5)
    // 7 of 20, from tables of the binomial distribution.
    assert.ok(Math.abs(upperBound(7, 20, 0.025) - 0.59219) < 1e-5)
    assert.equal(upperBound(20, 20, 0.025), 1)
  })
})
