/** Fitting temperature and out-of-scope gate on the logits of held-out examples. */

import { type Calibration, doubtOf, softmax } from './answer.ts'
import type { Classes } from './classes.ts'
import { fitGate } from './gate.ts'

/** A held-out example: its logits from a fit that has not seen it, and its class. */
export type HeldOut = { logits: Float32Array; classIndex: number }

/**
 * @param outOfScopeShare the share of out-of-scope texts to expect in use. It sets how readily null is answered; the
 *   share in the training data doesn't tell, because somebody chose how many examples to write.
 */
export function calibrate(heldOut: readonly HeldOut[], classes: Classes, outOfScopeShare: number): Calibration {
  const intents = classes.intents.length
  const inScope = heldOut.filter(({ classIndex }) => classIndex < intents)
  const temperature = fitTemperature(inScope, intents)
  const outside = heldOut.filter(({ classIndex }) => classIndex === intents)
  if (inScope.length === 0 || outside.length === 0) return { temperature, outOfScope: null }
  const doubts = (rows: readonly HeldOut[]): number[] =>
    rows.map(({ logits }) => doubtOf(logits, intents, temperature, softness))
  return { temperature, outOfScope: { ...fitGate(doubts(inScope), doubts(outside), outOfScopeShare), softness } }
}

/**
 * At the fitted temperature the entropy is about nothing for whatever the model takes for sure; at twice that the
 * runners-up are heard too. Anything from 1.6 to 2.5 is as good.
 */
const softness = 2

/** Where label smoothing of 0.1 usually puts it. Weighs as much as one example, so a handful of rows can't run away. */
const usualTemperature = 0.3

/** Minimises the negative log-likelihood over the temperature's logarithm by golden sections. */
function fitTemperature(rows: readonly HeldOut[], intents: number): number {
  const shares = new Float64Array(intents)
  const cost = (logTemperature: number): number => {
    let sum = (logTemperature - Math.log(usualTemperature)) ** 2
    for (const { logits, classIndex } of rows) {
      softmax(logits, intents, Math.exp(logTemperature), shares)
      sum -= Math.log(Math.max(shares[classIndex] ?? 0, 1e-12))
    }
    return sum
  }
  return Math.exp(goldenSection(cost, Math.log(0.05), Math.log(5)))
}

function goldenSection(cost: (at: number) => number, from: number, to: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2
  let [low, high] = [from, to]
  let [left, right] = [high - ratio * (high - low), low + ratio * (high - low)]
  let [leftCost, rightCost] = [cost(left), cost(right)]
  while (high - low > 1e-3) {
    if (leftCost < rightCost) {
      ;[high, right, rightCost] = [right, left, leftCost]
      left = high - ratio * (high - low)
      leftCost = cost(left)
    } else {
      ;[low, left, leftCost] = [left, right, rightCost]
      right = low + ratio * (high - low)
      rightCost = cost(right)
    }
  }
  return (low + high) / 2
}
