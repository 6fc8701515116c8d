/**
 * The dense head: from vectors through hidden layers to logits, with rectifiers between. In training a share of the
 * inputs and of the hidden numbers is left out at random.
 */

import type { Stride } from '../fitting/adam.ts'
import type { Draw } from '../fitting/random.ts'
import { applyWeights, denseLayer, type Weights } from './layer.ts'
import type { Matrix } from './multiply.ts'

export type Dropout = { input: number; hidden: number }

export interface Head {
  readonly weights: readonly Weights[]
  readonly arrays: readonly Float32Array[]
  begin(draw: Draw): void
  forward(inputs: Matrix, draw: Draw): Matrix
  /**
   * Moves the weights, given the gradient of the loss over the logits.
   *
   * @param onInputErrors given the gradient over the inputs; without it, it isn't computed
   */
  backward(errors: Matrix, stride: Stride, onInputErrors?: (errors: Matrix) => void): void
}

/** @param sizes of the input, of each hidden layer, and of the output */
export function head(sizes: readonly number[], dropout: Dropout): Head {
  const layers = sizes.slice(1).map((size, at) => denseLayer(sizes[at] ?? 0, size))
  /** Per layer, what each of its inputs was multiplied by: nothing, or what makes up for those left out. */
  let factors: Float32Array[] = []

  return {
    weights: layers.map(({ weights }) => weights),
    arrays: layers.flatMap(({ arrays }) => arrays),
    begin(draw) {
      for (const layer of layers) layer.begin(draw)
    },
    forward(inputs, draw) {
      factors = []
      return layers.reduce((numbers, layer, at) => {
        const factor = at === 0 ? new Float32Array(numbers.cells.length).fill(1) : rectifying(numbers)
        leaveOut(factor, at === 0 ? dropout.input : dropout.hidden, draw)
        factors.push(factor)
        return layer.forward(scaled(numbers, factor))
      }, inputs)
    },
    backward(errors, stride, onInputErrors) {
      let above = errors
      for (const [at, layer] of [...layers.entries()].reverse()) {
        const below = at > 0 || onInputErrors !== undefined ? layer.inputErrors(above) : undefined
        layer.backward(above, stride)
        if (below !== undefined) above = scaled(below, factors[at] ?? new Float32Array(0))
      }
      onInputErrors?.(above)
    },
  }
}

/** Logits of vectors, with nothing left out. */
export function applyHead(weights: readonly Weights[], inputs: Matrix): Matrix {
  return weights.reduce(
    (numbers, layer, at) => applyWeights(layer, at === 0 ? numbers : scaled(numbers, rectifying(numbers))),
    inputs,
  )
}

/** 1 for what a rectifier lets through, 0 for the rest. */
function rectifying({ cells }: Matrix): Float32Array {
  const factor = new Float32Array(cells.length)
  for (let at = 0; at < cells.length; at += 1) factor[at] = (cells[at] ?? 0) > 0 ? 1 : 0
  return factor
}

/** Leaves a share of them out, to a 256th: each draw decides on four. */
function leaveOut(factor: Float32Array, share: number, draw: Draw): void {
  const left = Math.round(share * 256)
  const kept = 256 / (256 - left)
  let bits = 0
  for (let at = 0; at < factor.length; at += 1) {
    bits = at % 4 === 0 ? draw() * 2 ** 32 : bits >>> 8
    factor[at] = (factor[at] ?? 0) * ((bits & 255) < left ? 0 : kept)
  }
}

function scaled({ rows, columns, cells }: Matrix, factor: Float32Array): Matrix {
  const product = new Float32Array(cells.length)
  for (let at = 0; at < cells.length; at += 1) product[at] = (cells[at] ?? 0) * (factor[at] ?? 0)
  return { rows, columns, cells: product }
}
