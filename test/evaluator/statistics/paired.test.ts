import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { confidenceLevels, PairedFigures } from '../../../schemas/evaluation.ts'
import { comparePairs, countPairs } from '../../../services/evaluator/statistics/paired.ts'
import { trinomial } from './trinomial.ts'

const pairs = fc.array(fc.record({ candidateRight: fc.boolean(), championRight: fc.boolean() }), { maxLength: 150 })

function compared(rows: number, won: number, lost: number) {
  const counts = { rows, onlyCandidateRight: won, onlyChampionRight: lost, bothRight: rows - won - lost, bothWrong: 0 }
  return comparePairs(counts, 'seed')
}

describe('two models on the same rows', () => {
  test('every row is counted once, and the difference is that of the accuracies', () => {
    fc.assert(
      fc.property(pairs, (rows) => {
        const figures = comparePairs(countPairs(rows), 'seed')
        const { bothRight, onlyCandidateRight, onlyChampionRight, bothWrong } = PairedFigures.parse(figures)
        assert.equal(bothRight + onlyCandidateRight + onlyChampionRight + bothWrong, rows.length)
        const candidate = rows.filter(({ candidateRight }) => candidateRight).length
        const champion = rows.filter(({ championRight }) => championRight).length
        if (rows.length > 0) assert.ok(Math.abs(figures.difference - (candidate - champion) / rows.length) < 1e-5)
      }),
      { numRuns: 30 },
    )
  })

  test('is exact in small exams and while few rows differ, else from the bootstrap, with an interval for every confidence', () => {
    const few = comparePairs(
      { rows: 200, bothRight: 170, onlyCandidateRight: 12, onlyChampionRight: 8, bothWrong: 10 },
      'seed',
    )
    const many = comparePairs(
      { rows: 200, bothRight: 169, onlyCandidateRight: 12, onlyChampionRight: 9, bothWrong: 10 },
      'seed',
    )
    assert.equal(compared(100, 40, 40).method, 'exact')
    assert.equal(few.method, 'exact')
    assert.equal(many.method, 'bootstrap')
    for (const { intervals } of [few, many]) {
      assert.deepEqual(
        intervals.map(({ confidence }) => confidence),
        [...confidenceLevels],
      )
    }
    // Where one method hands over to the other, they all but agree.
    const [exact, bootstrap] = [few.intervals[2], many.intervals[2]]
    assert.ok(exact && bootstrap && Math.abs(exact.low - bootstrap.low) < 0.02)
  })

  test('where a large exam changes from one method to the other, a better candidate loses less than two rows', () => {
    for (const rows of [101, 300, 1_000]) {
      for (const won of [0, 5, 10, 15, 20]) {
        const twenty = compared(rows, won, 20 - won)
        const steps = [
          [compared(rows, won, 21 - won), twenty],
          [twenty, compared(rows, won + 1, 20 - won)],
        ] as const
        for (const [worse, better] of steps) {
          assert.notEqual(worse.method, better.method)
          for (const [index, { low, high }] of worse.intervals.entries()) {
            const { low: nextLow, high: nextHigh } = better.intervals[index] ?? { low: -1, high: -1 }
            assert.ok(rows * Math.max(low - nextLow, high - nextHigh) < 2, `${rows} rows, ${won} won`)
          }
        }
      }
    }
  })

  test('in a small exam a row more that the candidate got right never lowers a bound', () => {
    const outcomes = fc
      .record({ rows: fc.integer({ min: 1, max: 60 }), won: fc.nat({ max: 60 }), lost: fc.nat({ max: 60 }) })
      .filter(({ rows, won, lost }) => won + lost <= rows)
    const slack = 1e-4
    fc.assert(
      fc.property(outcomes, ({ rows, won, lost }) => {
        const now = compared(rows, won, lost)
        const better = [
          ...(won + lost < rows ? [compared(rows, won + 1, lost)] : []),
          ...(lost > 0 ? [compared(rows, won, lost - 1)] : []),
        ]
        for (const { intervals } of better) {
          for (const [index, { low, high }] of intervals.entries()) {
            const before = now.intervals[index]
            assert.ok(before && low >= before.low - slack && high >= before.high - slack)
          }
        }
      }),
      { numRuns: 30 },
    )
  })

  test('a small exam covers the true difference at least as often as it says, though the models differ on most rows', () => {
    const rows = 24
    const outcomes = Array.from({ length: (rows + 1) ** 2 }, (_, index) => ({
      won: index % (rows + 1),
      lost: Math.floor(index / (rows + 1)),
    })).filter(({ won, lost }) => won + lost <= rows)
    const intervals = outcomes.map(({ won, lost }) => ({ won, lost, ...compared(rows, won, lost).intervals[2] }))
    for (const [wonRate, lostRate] of [
      [0.15, 0.75],
      [0.3, 0.65],
      [0, 0.95],
      [0.05, 0.9],
    ] as const) {
      let missed = 0
      for (const { won, lost, low = 1, high = -1 } of intervals) {
        const truth = wonRate - lostRate
        if (low - 1e-4 > truth || truth > high + 1e-4) missed += trinomial(rows, won, lost, wonRate, lostRate)
      }
      assert.ok(missed <= 0.05, `missed ${missed} at ${wonRate} and ${lostRate}`)
    }
  })

  test('no rows at all tell nothing', () => {
    const figures = comparePairs(countPairs([]), 'seed')
    assert.equal(figures.mcNemarP, 1)
    assert.equal(figures.smallestDetectable, 1)
    assert.ok(figures.intervals.every(({ low, high }) => low === -1 && high === 1))
  })
})
