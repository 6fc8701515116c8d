import type { Prediction } from '../../../schemas/program.ts'
import { type Calibration, probabilities } from './answer.ts'
import type { Classes } from './classes.ts'

export type Answer = Omit<Prediction, 'id'>

/** How many of the likeliest answers `top` names. */
const named = 5

export function answerOf(logits: Float32Array, classes: Classes, calibration: Calibration): Answer {
  const shares = probabilities(logits, classes, calibration)
  const indices = likeliest(shares, calibration.outOfScope === null ? classes.intents.length : shares.length)
  const top = indices.map((index): [string | null, number] => [classes.intents[index] ?? null, shares[index] ?? 0])
  const [intent, confidence] = top[0] ?? [null, 0]
  return { intent, confidence, top }
}

/** The indices of the largest shares, largest first, and the lower index first among equals. */
function likeliest(shares: Float64Array, count: number): number[] {
  const indices = Array.from({ length: count }, (_, index) => index)
  return indices.sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0) || a - b).slice(0, named)
}
