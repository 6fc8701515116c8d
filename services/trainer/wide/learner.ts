/** The learner of `wide`: a table from n-grams to the logits of classes, which is multinomial logistic regression. */

import { rateAt, strideOf } from '../fitting/adam.ts'
import type { Learner } from '../fitting/learner.ts'
import { toErrors } from '../fitting/loss.ts'
import { sumRows, type Table } from '../fitting/table.ts'
import { tableLayer } from '../fitting/table-layer.ts'
import type { Vectors } from '../text/vocabulary.ts'
import type { WideRecipe } from './recipe.ts'

export type WideLesson = { vectors: Vectors; classOf: Int32Array; classes: number; rows: number }

export interface WideLearner extends Learner {
  readonly table: Table
}

export function wideLearner({ vectors, classOf, classes, rows }: WideLesson, recipe: WideRecipe): WideLearner {
  const mostTexts = Math.min(recipe.batchSize, classOf.length)
  const layer = tableLayer({ rows, width: classes, mostTexts })

  return {
    classes,
    table: layer.table,
    arrays: layer.arrays,
    begin() {
      for (const numbers of layer.arrays) numbers.fill(0)
    },
    learn(texts, step) {
      layer.forward(vectors, texts, recipe.featureDropout, step.draw)
      const loss = toErrors(layer.sums, classes, texts, classOf, recipe.labelSmoothing)
      layer.backward(strideOf(step.number, rateAt(step.number, step.of, recipe.learningRate)))
      return loss
    },
    answer(texts, into, offset) {
      for (const [at, text] of texts.entries()) {
        const from = vectors.starts[text] ?? 0
        const to = vectors.starts[text + 1] ?? 0
        sumRows(layer.table, vectors.rows, vectors.values, from, to, into, offset + at * classes)
      }
    },
  }
}
