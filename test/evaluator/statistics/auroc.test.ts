import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { areaUnderRoc } from '../../../services/evaluator/statistics/auroc.ts'

// Few distinct values, so that ties are the rule.
const scores = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 30 })

describe('the area under the ROC curve', () => {
  test('textbook: scores 0.1, 0.4 against 0.35, 0.8 give 0.75 (documentation of scikit-learn, roc_auc_score)', () => {
    assert.equal(areaUnderRoc([0.35, 0.8], [0.1, 0.4]), 0.75)
  })

  test('is the share of pairs that are ranked rightly, ties counting half', () => {
    fc.assert(
      fc.property(scores, scores, (positives, negatives) => {
        let won = 0
        for (const positive of positives)
          for (const negative of negatives) won += positive > negative ? 1 : positive === negative ? 0.5 : 0
        const expected = won / (positives.length * negatives.length)
        assert.ok(Math.abs((areaUnderRoc(positives, negatives) ?? -1) - expected) < 1e-9)
      }),
    )
  })

  test('is 1 for a perfect ranking, 0.5 for none, and unknown without one side', () => {
    assert.equal(areaUnderRoc([0.9, 0.8], [0.7, Number.NEGATIVE_INFINITY]), 1)
    assert.equal(areaUnderRoc([0.5, 0.5], [0.5]), 0.5)
    assert.equal(areaUnderRoc([], [0.5]), null)
    assert.equal(areaUnderRoc([0.5], []), null)
  })
})
