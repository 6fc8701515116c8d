/** Adam, applied lazily: a row that a batch doesn't touch keeps its weights and its moments. */

import { meanDecay, squareDecay } from '../kernels/formulas.ts'
import { type Block, placeOf, type Room } from '../kernels/room.ts'

/** Weights, and the running means of their gradient and of its square. */
export type Learning = { weights: Block; mean: Block; square: Block }

export const numbersPerWeight = 3

export function takeLearning(room: Room, size: number): Learning {
  return { weights: room.take(size), mean: room.take(size), square: room.take(size) }
}

/** All that is to be kept of them. */
export function arraysOf({ weights, mean, square }: Learning): Float32Array[] {
  return [weights.numbers, mean.numbers, square.numbers]
}

export type Stride = { rate: number; epsilon: number }

/** The corrections for moments that start empty, folded into rate and epsilon. Steps count from 1. */
export function strideOf(step: number, rate: number): Stride {
  const squareCorrection = Math.sqrt(1 - squareDecay ** step)
  return { rate: (rate * squareCorrection) / (1 - meanDecay ** step), epsilon: 1e-8 * squareCorrection }
}

/** Moves as many weights as the gradient has numbers, from `at` on, against it. */
export function descend(room: Room, learning: Learning, at: number, gradient: Block, { rate, epsilon }: Stride): void {
  const { weights, mean, square } = learning
  room.adam(
    placeOf(weights, at),
    placeOf(mean, at),
    placeOf(square, at),
    gradient.address,
    gradient.numbers.length,
    rate,
    epsilon,
  )
}

/** Warm-up over the first twentieth of the steps, then half a cosine down to nothing. */
export function rateAt(step: number, steps: number, highest: number): number {
  const warmUp = steps / 20
  if (step <= warmUp) return highest * (step / warmUp)
  return highest * 0.5 * (1 + Math.cos((Math.PI * (step - warmUp)) / Math.max(1, steps - warmUp)))
}
