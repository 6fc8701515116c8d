/** `wide predict`: a model and texts in, answers out. */

import type { Prediction } from '../../../schemas/program.ts'
import type { Folders } from '../contract/folders.ts'
import { readTexts, writePredictions } from '../contract/rows.ts'
import { classCount, probabilities } from './answer.ts'
import { type Model, readModel } from './model.ts'
import { logitsOf } from './network.ts'
import { vectorsOf } from './vocabulary.ts'

/** How many of the likeliest answers `top` names. */
const named = 5

export function predict(folders: Folders): void {
  const model = readModel(folders.input)
  const texts = readTexts(folders.input)
  writePredictions(folders.output, answers(model, texts))
}

function* answers(model: Model, texts: readonly { id: string; text: string }[]): Generator<Prediction> {
  const { classes, vocabulary, network, calibration } = model
  const logits = new Float32Array(classCount(classes))
  for (const { id, text } of texts) {
    const { rows, values } = vectorsOf([text], vocabulary)
    logitsOf(network, rows, values, 0, rows.length, logits, 0)
    const shares = probabilities(logits, classes, calibration)
    const top = likeliest(shares, calibration.outOfScope === null ? classes.intents.length : shares.length)
    const answered = top.map((index): [string | null, number] => [classes.intents[index] ?? null, shares[index] ?? 0])
    const [intent, confidence] = answered[0] ?? [null, 0]
    yield { id, intent, confidence, top: answered }
  }
}

/** The indices of the largest shares, largest first, and the lower index first among equals. */
function likeliest(shares: Float64Array, count: number): number[] {
  const indices = Array.from({ length: count }, (_, index) => index)
  return indices.sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0) || a - b).slice(0, named)
}
