/** A dense layer: inputs × weights + bias. */

import { arraysOf, descend, numbersPerWeight, type Stride, takeLearning } from '../fitting/adam.ts'
import type { Draw } from '../fitting/random.ts'
import { memoryFor, openRoom } from '../kernels/room.ts'
import { type Matrix, multiply } from './multiply.ts'

export type Weights = { matrix: Matrix; bias: Float32Array }

export function emptyWeights(inputs: number, outputs: number): Weights {
  const cells = new Float32Array(inputs * outputs)
  return { matrix: { rows: inputs, columns: outputs, cells }, bias: new Float32Array(outputs) }
}

export function applyWeights({ matrix, bias }: Weights, inputs: Matrix): Matrix {
  const outputs = multiply(inputs, matrix)
  const { columns, cells } = outputs
  for (let at = 0; at < cells.length; at += 1) cells[at] = (cells[at] ?? 0) + (bias[at % columns] ?? 0)
  return outputs
}

export interface DenseLayer {
  readonly weights: Weights
  /** Weights, bias and moments, for a checkpoint. */
  readonly arrays: readonly Float32Array[]
  begin(draw: Draw): void
  forward(inputs: Matrix): Matrix
  /** The gradient of the loss over the inputs of the last `forward`; to be asked for before the weights move. */
  inputErrors(errors: Matrix): Matrix
  /** Moves the weights, given the gradient of the loss over the outputs of the last `forward`. */
  backward(errors: Matrix, stride: Stride): void
}

export function denseLayer(inputs: number, outputs: number): DenseLayer {
  const size = inputs * outputs
  const room = openRoom(memoryFor((size + outputs) * (numbersPerWeight + 1)))
  const cells = takeLearning(room, size)
  const bias = takeLearning(room, outputs)
  const [cellGradient, biasGradient] = [room.take(size), room.take(outputs)]
  const matrix = { rows: inputs, columns: outputs, cells: cells.weights.numbers }
  const weights = { matrix, bias: bias.weights.numbers }
  const arrays = [...arraysOf(cells), ...arraysOf(bias)]
  let given: Matrix = { rows: 0, columns: inputs, cells: new Float32Array(0) }

  return {
    weights,
    arrays,
    /** Uniform, as wide as keeps the variance from layer to layer (Glorot). */
    begin(draw) {
      for (const numbers of arrays) numbers.fill(0)
      const limit = Math.sqrt(6 / (inputs + outputs))
      for (let at = 0; at < size; at += 1) matrix.cells[at] = limit * (2 * draw() - 1)
    },
    forward(numbers) {
      given = numbers
      return applyWeights(weights, numbers)
    },
    inputErrors: (errors) => multiply(errors, matrix, { turnRight: true }),
    backward(errors, stride) {
      cellGradient.numbers.set(multiply(given, errors, { turnLeft: true }).cells)
      biasGradient.numbers.set(sumOfRows(errors))
      descend(room, cells, 0, cellGradient, stride)
      descend(room, bias, 0, biasGradient, stride)
    },
  }
}

function sumOfRows({ columns, cells }: Matrix): Float32Array {
  const sum = new Float32Array(columns)
  for (let at = 0; at < cells.length; at += 1) sum[at % columns] = (sum[at % columns] ?? 0) + (cells[at] ?? 0)
  return sum
}
