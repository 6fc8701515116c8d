/** `wide predict`: a model and texts in, answers out. */

import type { Prediction } from '../../../schemas/program.ts'
import { classCount } from '../answering/classes.ts'
import { answerOf } from '../answering/prediction.ts'
import type { Folders } from '../contract/folders.ts'
import { readTexts, writePredictions } from '../contract/rows.ts'
import { sumRows } from '../fitting/table.ts'
import { vectorsOf } from '../text/vocabulary.ts'
import { type Model, readModel } from './model.ts'

export function predict(folders: Folders): void {
  const model = readModel(folders.input)
  const texts = readTexts(folders.input)
  writePredictions(folders.output, answers(model, texts))
}

function* answers(model: Model, texts: readonly { id: string; text: string }[]): Generator<Prediction> {
  const { classes, vocabulary, table, calibration } = model
  const logits = new Float32Array(classCount(classes))
  for (const { id, text } of texts) {
    const { rows, values } = vectorsOf([text], vocabulary)
    sumRows(table, rows, values, 0, rows.length, logits, 0)
    yield { id, ...answerOf(logits, classes, calibration) }
  }
}
