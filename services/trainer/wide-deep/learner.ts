/**
 * The learner of `wide-deep`: a table from n-grams to logits, as in `wide`, and a dense head on the texts' vectors; their
 * logits are added, and both learn from the same errors, side by side.
 */

import { applyHead, head } from '../dense/head.ts'
import type { Weights } from '../dense/layer.ts'
import type { Matrix } from '../dense/multiply.ts'
import { rateAt, strideOf } from '../fitting/adam.ts'
import type { Learner } from '../fitting/learner.ts'
import { toErrors } from '../fitting/loss.ts'
import { sumRows, type Table } from '../fitting/table.ts'
import { tableThread } from '../fitting/table-thread.ts'
import type { Vectors } from '../text/vocabulary.ts'
import type { Recipe } from './recipe.ts'
import type { TextVectors } from './text-vectors.ts'

export type WideDeepLesson = {
  ngrams: Vectors
  rows: number
  textVectors: TextVectors
  classOf: Int32Array
  classes: number
}

export interface WideDeepLearner extends Learner {
  readonly table: Table
  readonly weights: readonly Weights[]
  /** Ends its thread; what it has learnt stays. */
  close(): Promise<void>
}

export function wideDeepLearner(lesson: WideDeepLesson, recipe: Recipe): WideDeepLearner {
  const { ngrams, rows, textVectors, classOf, classes } = lesson
  const wide = tableThread({
    rows,
    width: classes,
    mostTexts: Math.min(recipe.batchSize, classOf.length),
    vectors: ngrams,
    dropout: recipe.featureDropout,
  })
  const deep = head([textVectors.size, recipe.hidden, classes], {
    input: recipe.inputDropout,
    hidden: recipe.hiddenDropout,
  })
  const arrays = [...wide.arrays, ...deep.arrays, ...textVectors.arrays]

  return {
    classes,
    table: wide.table,
    weights: deep.weights,
    arrays,
    begin(draw) {
      for (const numbers of wide.arrays) numbers.fill(0)
      deep.begin(draw)
      textVectors.begin(draw)
    },
    async learn(texts, { number, of, draw }) {
      const wideForward = wide.forward(texts, draw() * 2 ** 32)
      const deepLogits = deep.forward(textVectors.forward(texts, draw), draw)
      await wideForward
      const logits = wide.sums.subarray(0, texts.length * classes)
      add(logits, 0, deepLogits)
      const loss = toErrors(logits, classes, texts, classOf, recipe.labelSmoothing)
      const wideBackward = wide.backward(strideOf(number, rateAt(number, of, recipe.wideLearningRate)))
      const errors = { rows: texts.length, columns: classes, cells: logits }
      const deepStride = strideOf(number, rateAt(number, of, recipe.deepLearningRate))
      const { backward } = textVectors
      deep.backward(errors, deepStride, backward && ((inputErrors) => backward(inputErrors, deepStride)))
      await wideBackward
      return loss
    },
    answer(texts, logits, offset) {
      for (const [at, text] of texts.entries()) {
        const [from, to] = [ngrams.starts[text] ?? 0, ngrams.starts[text + 1] ?? 0]
        sumRows(wide.table, ngrams.rows, ngrams.values, from, to, logits, offset + at * classes)
      }
      if (texts.length > 0) add(logits, offset, applyHead(deep.weights, textVectors.of(texts)))
    },
    close: wide.close,
  }
}

export function add(sums: Float32Array, offset: number, { cells }: Matrix): void {
  for (let at = 0; at < cells.length; at += 1) sums[offset + at] = (sums[offset + at] ?? 0) + (cells[at] ?? 0)
}
