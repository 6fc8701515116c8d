import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fewestTellingRows, mcNemarP, smallestDetectable } from '../../../services/kit/statistics/mcnemar.ts'

/** 2 · Σ C(n, i) / 2^n in whole numbers, with nothing rounded before the last division. */
function exactly(won: number, lost: number): number {
  const n = BigInt(won + lost)
  let ways = 1n
  let sum = 0n
  for (let i = 0n; i <= BigInt(Math.min(won, lost)); i += 1n) {
    sum += ways
    ways = (ways * (n - i)) / (i + 1n)
  }
  const scaled = (2n * sum * 10n ** 15n) / 2n ** n
  return Math.min(1, Number(scaled) / 1e15)
}

describe("McNemar's exact test", () => {
  test('textbook: 1 against 7 gives 0.0703 (Bentur et al. 2009, in Fagerland, Lydersen & Laake 2017, ch. 8)', () => {
    assert.ok(Math.abs(mcNemarP(1, 7) - 0.0703125) < 1e-12)
  })

  test('equals the sum in whole numbers', () => {
    fc.assert(
      fc.property(fc.nat({ max: 400 }), fc.nat({ max: 400 }), (won, lost) => {
        assert.ok(Math.abs(mcNemarP(won, lost) - exactly(won, lost)) < 1e-9)
      }),
    )
  })

  test('one row more lost is never less telling, once more are lost than won', () => {
    fc.assert(
      fc.property(fc.nat({ max: 200 }), fc.nat({ max: 200 }), (won, more) => {
        assert.ok(mcNemarP(won, won + more + 1) <= mcNemarP(won, won + more) + 1e-12)
      }),
    )
  })

  test('no difference at all proves nothing', () => {
    assert.equal(mcNemarP(0, 0), 1)
    assert.equal(mcNemarP(5, 5), 1)
  })

  test('six rows, all one way, are the fewest that tell anything at 95 %', () => {
    assert.equal(fewestTellingRows(0.95), 6)
    assert.equal(fewestTellingRows(0.99), 8)
  })
})

describe('the smallest difference that an exam could have shown', () => {
  test('is that of the least uneven split that is telling', () => {
    // Of 10 differing rows 9 to 1 is telling (p 0.021) and 8 to 2 is not (p 0.109).
    assert.equal(smallestDetectable(100, 10, 0.95), 0.08)
    // Models that never differed: 6 rows all one way would have been telling.
    assert.equal(smallestDetectable(80, 0, 0.95), 6 / 80)
  })

  test('is everything where nothing could be shown', () => {
    assert.equal(smallestDetectable(5, 0, 0.95), 1)
    assert.equal(smallestDetectable(0, 0, 0.95), 1)
  })
})
