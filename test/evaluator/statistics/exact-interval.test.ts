import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { exactInterval, scoreStatistic } from '../../../services/evaluator/statistics/exact-interval.ts'
import { trinomial } from './trinomial.ts'

/** Where the score statistic is ±1.96: Tango's asymptotic interval. */
function tangoInterval(rows: number, won: number, lost: number): { low: number; high: number } {
  const rootOf = (z: number): number => {
    let low = -1
    let high = 1
    for (let i = 0; i < 60; i += 1) {
      const middle = (low + high) / 2
      if (scoreStatistic(rows, won, lost, middle) > z) low = middle
      else high = middle
    }
    return low
  }
  return { low: rootOf(1.959964), high: rootOf(-1.959964) }
}

describe("Tango's score statistic", () => {
  test('textbook: 1 and 7 differing of 21 give the interval −0.517 to −0.026 (Fagerland, Lydersen & Laake 2017, ch. 8)', () => {
    const { low, high } = tangoInterval(21, 1, 7)
    assert.equal(low.toFixed(3), '-0.517')
    assert.equal(high.toFixed(3), '-0.026')
  })

  test('for no difference it is (won − lost) / √(won + lost), the square root of McNemar’s χ²', () => {
    fc.assert(
      fc.property(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 40 }), (won, lost) => {
        const expected = (won - lost) / Math.sqrt(won + lost)
        assert.ok(Math.abs(scoreStatistic(100, won, lost, 0) - expected) < 1e-9)
      }),
    )
  })
})

describe('the exact interval of a paired difference', () => {
  test('holds its confidence where nearly every row differs, as between models that agree on nothing', () => {
    const [rows, confidence, differing] = [40, 0.8, 1 - 1e-9]
    const outcomes = Array.from({ length: rows + 1 }, (_, won) => ({
      won,
      low: exactInterval(rows, won, rows - won, confidence).low,
    }))
    for (const { low } of outcomes.slice(1, -1)) {
      const delta = low - 1e-9
      const missed = outcomes
        .filter((outcome) => outcome.low > delta)
        .reduce(
          (sum, { won }) => sum + trinomial(rows, won, rows - won, (differing + delta) / 2, (differing - delta) / 2),
          0,
        )
      assert.ok(missed < 0.105, `${missed} is missed at ${delta}`)
    }
  })

  test('contains the estimate and lies within the possible', () => {
    fc.assert(
      fc.property(counts, ({ rows, won, lost }) => {
        const { low, high } = exactInterval(rows, won, lost, 0.95)
        const estimate = (won - lost) / rows
        assert.ok(-1 <= low && low <= estimate && estimate <= high && high <= 1)
      }),
      { numRuns: 40 },
    )
  })

  test('turns around when the models change places', () => {
    fc.assert(
      fc.property(counts, ({ rows, won, lost }) => {
        const { low, high } = exactInterval(rows, won, lost, 0.95)
        const turned = exactInterval(rows, lost, won, 0.95)
        assert.equal(turned.low, -high)
        assert.equal(turned.high, -low)
      }),
      { numRuns: 20 },
    )
  })

  test('is wider for more confidence', () => {
    const intervals = [0.8, 0.9, 0.95, 0.99, 0.999].map((confidence) => exactInterval(80, 3, 5, confidence))
    for (const [index, wider] of intervals.slice(1).entries()) {
      const narrower = intervals[index]
      assert.ok(narrower && wider.low < narrower.low && wider.high > narrower.high)
    }
  })

  test('a row more that the candidate wins, or one less that it loses, never lowers the lower bound', () => {
    fc.assert(
      fc.property(counts, ({ rows, won, lost }) => {
        const { low } = exactInterval(rows, won, lost, 0.95)
        const slack = 1e-4
        if (won + lost < rows) assert.ok(exactInterval(rows, won + 1, lost, 0.95).low >= low - slack)
        if (lost > 0) assert.ok(exactInterval(rows, won, lost - 1, 0.95).low >= low - slack)
      }),
      { numRuns: 40 },
    )
  })

  test('models that never differed are not proven equal: on 80 rows they may be 4.5 points apart', () => {
    const { low, high } = exactInterval(80, 0, 0, 0.95)
    assert.ok(Math.abs(low + 0.045) < 0.001)
    assert.equal(high, -low)
  })

  test('covers the true difference at least as often as it says, whatever the truth', () => {
    const rows = 24
    const intervals = outcomesOf(rows).map(({ won, lost }) => ({ won, lost, ...exactInterval(rows, won, lost, 0.95) }))
    for (const wonRate of [0, 0.02, 0.1, 0.3]) {
      for (const lostRate of [0.01, 0.05, 0.1, 0.3, 0.6]) {
        const truth = wonRate - lostRate
        let covered = 0
        for (const { won, lost, low, high } of intervals)
          if (low <= truth + 1e-4 && truth - 1e-4 <= high) covered += trinomial(rows, won, lost, wonRate, lostRate)
        assert.ok(covered >= 0.95, `covered ${covered} at ${wonRate} and ${lostRate}`)
      }
    }
  })
})

const counts = fc
  .record({ rows: fc.integer({ min: 10, max: 120 }), won: fc.nat({ max: 15 }), lost: fc.nat({ max: 15 }) })
  .filter(({ rows, won, lost }) => won + lost <= rows)

function outcomesOf(rows: number): { won: number; lost: number }[] {
  return Array.from({ length: rows + 1 }, (_, won) =>
    Array.from({ length: rows - won + 1 }, (_, lost) => ({ won, lost })),
  ).flat()
}
