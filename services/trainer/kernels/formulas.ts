/** What the kernels compute in each place of their arrays; `room.ts` says what for. */

import { type Code, constant, type Kernel } from './assembly.ts'

export const addScaled: Kernel = {
  arrays: 2,
  numbers: 1,
  formula: ({ load, store, add, multiply }, [sums = [], numbers = []], [factor = []]) =>
    store(sums, add(load(sums), multiply(load(numbers), factor))),
}

/** How much of the running means of a gradient and of its square is kept from step to step. */
export const meanDecay = 0.9
export const squareDecay = 0.999

export const adam: Kernel = {
  arrays: 4,
  numbers: 2,
  formula(lanes, [weights = [], mean = [], square = [], gradient = []], [rate = [], epsilon = []]) {
    const { load, store, add, subtract, multiply, divide, squareRoot, spread } = lanes
    const slope = load(gradient)
    const runningMean = (moment: Code, newest: Code, decay: number): Code =>
      add(multiply(load(moment), spread(constant(decay))), multiply(newest, spread(constant(1 - decay))))
    const step = divide(multiply(load(mean), rate), add(squareRoot(load(square)), epsilon))
    return [
      ...store(mean, runningMean(mean, slope, meanDecay)),
      ...store(square, runningMean(square, multiply(slope, slope), squareDecay)),
      ...store(weights, subtract(load(weights), step)),
    ]
  },
}
