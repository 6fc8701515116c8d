/** How a round is divided into epochs and steps, and which texts each step takes. */

import { shuffle, stream } from './random.ts'
import type { Round } from './rounds.ts'

export type Schedule = {
  seed: number
  epochs: number
  batchSize: number
  /** Epochs without a better accuracy on held-out examples after which a fit comes to its end; none is waited for ever. */
  patience?: number
}

export function stepsPerEpoch(round: Round, { batchSize }: Schedule): number {
  return Math.ceil(round.texts.length / batchSize)
}

export function stepsOf(round: Round, schedule: Schedule, epochs: number): number {
  return Math.max(1, Math.round(epochs * stepsPerEpoch(round, schedule)))
}

/** The texts of a step, by how many steps were done before; each epoch has an order of its own. */
export function batchesOf(round: Round, roundNumber: number, schedule: Schedule): (done: number) => Int32Array {
  const { seed, batchSize } = schedule
  const perEpoch = stepsPerEpoch(round, schedule)
  const order = new Int32Array(round.texts.length)
  let orderedEpoch = -1
  return (done) => {
    const epoch = Math.floor(done / perEpoch)
    if (epoch !== orderedEpoch) {
      order.set(round.texts)
      shuffle(order, stream(seed, roundNumber, epoch))
      orderedEpoch = epoch
    }
    const first = (done % perEpoch) * batchSize
    return order.subarray(first, first + batchSize)
  }
}
