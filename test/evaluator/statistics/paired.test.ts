import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { confidenceLevels, PairedFigures } from '../../../schemas/evaluation.ts'
import { comparePairs, countPairs } from '../../../services/evaluator/statistics/paired.ts'

const pairs = fc.array(fc.record({ candidateRight: fc.boolean(), championRight: fc.boolean() }), { maxLength: 150 })

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

  test('is exact while few rows differ, else from the bootstrap, with an interval for every confidence', () => {
    const few = comparePairs(
      { rows: 200, bothRight: 170, onlyCandidateRight: 12, onlyChampionRight: 8, bothWrong: 10 },
      'seed',
    )
    const many = comparePairs(
      { rows: 200, bothRight: 169, onlyCandidateRight: 12, onlyChampionRight: 9, bothWrong: 10 },
      'seed',
    )
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

  test('no rows at all tell nothing', () => {
    const figures = comparePairs(countPairs([]), 'seed')
    assert.equal(figures.mcNemarP, 1)
    assert.equal(figures.smallestDetectable, 1)
    assert.ok(figures.intervals.every(({ low, high }) => low === -1 && high === 1))
  })
})
