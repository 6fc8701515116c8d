import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ModelFigures } from '../../../schemas/evaluation.ts'
import { digestOf } from '../../../schemas/words.ts'
import { figuresOf, type Intent, type MarkedRow } from '../../../services/evaluator/statistics/figures.ts'

const model = digestOf('model')
const answered = (intent: Intent, confidence = 0.9, inScope = confidence) => ({ intent, confidence, inScope })
const row = (label: Intent, answer: Intent): MarkedRow => ({ label, answer: answered(answer) })

describe('the figures of one model', () => {
  test('textbook: labels 0 1 2 0 1 2, answers 0 2 1 0 0 1 give macro-F1 0.267 (documentation of scikit-learn, f1_score)', () => {
    const rows = [row('0', '0'), row('1', '2'), row('2', '1'), row('0', '0'), row('1', '0'), row('2', '1')]
    const figures = figuresOf(model, rows)
    assert.equal(figures.macroF1.toFixed(3), '0.267')
    assert.equal(figures.accuracy.toFixed(3), '0.333')
    assert.deepEqual(figures.perIntent[0], { intent: '0', support: 2, precision: 0.666667, recall: 1, f1: 0.8 })
    assert.deepEqual(figures.confusion, {
      intents: ['0', '1', '2'],
      cells: [
        [0, 0, 2],
        [1, 0, 1],
        [1, 2, 1],
        [2, 1, 2],
      ],
    })
  })

  test('a row without an answer is wrong, and in no cell of the confusion matrix', () => {
    const figures = figuresOf(model, [row('a', 'a'), { label: 'a', answer: undefined }])
    assert.equal(figures.accuracy, 0.5)
    assert.equal(figures.unanswered, 1)
    assert.deepEqual(figures.confusion.cells, [[0, 0, 1]])
    assert.equal(figures.perIntent[0]?.recall, 0.5)
  })

  test('out of scope is an answer like any other, last in every list, and in the accuracy but not in that in scope', () => {
    const figures = figuresOf(model, [row('a', 'a'), row(null, null), row(null, 'a'), row(null, 'a')])
    assert.equal(figures.accuracy, 0.5)
    assert.equal(figures.inScopeAccuracy, 1)
    assert.deepEqual(figures.confusion.intents, ['a', null])
    assert.equal(figures.outOfScope?.recall, 0.333333)
    assert.equal(figures.outOfScope?.rows, 3)
  })

  test('out-of-scope texts of which the model is less sure are ranked below; one without an answer as badly as can be', () => {
    const inside: MarkedRow = { label: 'a', answer: answered('a', 0.9) }
    const outside: MarkedRow = { label: null, answer: answered('a', 0.4) }
    assert.equal(figuresOf(model, [inside, outside]).outOfScope?.auroc, 1)
    assert.equal(figuresOf(model, [inside, { label: null, answer: undefined }]).outOfScope?.auroc, 0)
  })

  test('an intent that is only answered has a precision of 0, and no recall', () => {
    const figures = figuresOf(model, [row('a', 'z')])
    assert.deepEqual(figures.perIntent[1], { intent: 'z', support: 0, precision: 0, recall: null, f1: null })
    assert.equal(figures.macroF1, 0)
  })

  test('they hold together, whatever the answers', () => {
    const intent = fc.constantFrom('a', 'b', 'c', null)
    const rows = fc.array(
      fc.record({
        label: intent,
        answer: fc.option(
          intent.map((name) => answered(name, 0.5)),
          { nil: undefined },
        ),
      }),
      { minLength: 1, maxLength: 60 },
    )
    fc.assert(
      fc.property(rows, (given) => {
        const figures = ModelFigures.parse(figuresOf(model, given))
        const { intents, cells } = figures.confusion
        const inCells = cells.reduce((sum, [, , count]) => sum + count, 0)
        const diagonal = cells.reduce((sum, [label, answer, count]) => sum + (label === answer ? count : 0), 0)
        assert.equal(inCells + figures.unanswered, given.length)
        assert.ok(Math.abs(figures.accuracy - diagonal / given.length) < 1e-5)
        assert.equal(
          figures.perIntent.reduce((sum, { support }) => sum + support, 0),
          given.length,
        )
        assert.equal(new Set(intents).size, intents.length)
        assert.deepEqual(figuresOf(model, given.toReversed()), figures)
      }),
    )
  })
})
