/**
 * From logits to probabilities over the intents and, where the training data had out-of-scope examples, over null.
 *
 * The logits of the intents go through a softmax at the fitted temperature. How likely a text is out of scope is a
 * logistic function of the doubt: the entropy of a softer softmax (the model is at a loss) and the lead of the
 * out-of-scope class over the best intent (it looks like the examples). Either alone is weaker: few examples make a weak
 * class, and entropy ignores them. The likeliest answer wins.
 */

import type { Classes } from './classes.ts'

export type Calibration = {
  temperature: number
  /** Null where the model knows no out-of-scope example that could be held out. */
  outOfScope: (Gate & { softness: number }) | null
}

/** Log-odds of being out of scope = bias + slope × doubt. */
export type Gate = { bias: number; slope: number }

/** Writes the softmax over the intents. */
export function softmax(logits: Float32Array, intents: number, temperature: number, shares: Float64Array): void {
  let highest = Number.NEGATIVE_INFINITY
  for (let c = 0; c < intents; c += 1) highest = Math.max(highest, logits[c] ?? 0)
  let sum = 0
  for (let c = 0; c < intents; c += 1) {
    const exponential = Math.exp(((logits[c] ?? 0) - highest) / temperature)
    shares[c] = exponential
    sum += exponential
  }
  for (let c = 0; c < intents; c += 1) shares[c] = (shares[c] ?? 0) / sum
}

/**
 * How much speaks for out of scope: the entropy at `softness` times the temperature, and a part of the lead that the
 * out-of-scope class, which comes last, has over the best intent (in tempered logits, mostly negative).
 */
export function doubtOf(logits: Float32Array, intents: number, temperature: number, softness: number): number {
  const shares = new Float64Array(intents)
  softmax(logits, intents, temperature * softness, shares)
  let entropy = 0
  let highest = Number.NEGATIVE_INFINITY
  for (let c = 0; c < intents; c += 1) {
    const share = shares[c] ?? 0
    if (share > 0) entropy -= share * Math.log(share)
    highest = Math.max(highest, logits[c] ?? 0)
  }
  return entropy + leadShare * (((logits[intents] ?? 0) - highest) / temperature)
}

/** Anything from 0.2 to 0.5 is as good, for 5 intents as for 150. Fitting it per bot was worse: too few examples. */
const leadShare = 0.3

export function logistic(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds))
}

/** Probabilities over the intents and, last, over null (0 without out-of-scope examples). */
export function probabilities(logits: Float32Array, classes: Classes, calibration: Calibration): Float64Array {
  const intents = classes.intents.length
  const shares = new Float64Array(intents + 1)
  const { temperature, outOfScope } = calibration
  softmax(logits, intents, temperature, shares)
  if (outOfScope === null) return shares
  const doubt = doubtOf(logits, intents, temperature, outOfScope.softness)
  const outside = logistic(outOfScope.bias + outOfScope.slope * doubt)
  for (let c = 0; c < intents; c += 1) shares[c] = (shares[c] ?? 0) * (1 - outside)
  shares[intents] = outside
  return shares
}
