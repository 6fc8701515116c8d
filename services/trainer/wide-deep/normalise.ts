/** Rows brought to mean 0 and variance 1 (layer normalisation), and the gradient of that. */

import type { Matrix } from '../dense/multiply.ts'

const smallest = 1e-5

export function normalise(matrix: Matrix): Matrix {
  const { rows, columns, cells } = matrix
  const normal = new Float32Array(cells.length)
  for (let row = 0; row < rows; row += 1) {
    const { mean, deviation } = momentsOf(matrix, row)
    const first = row * columns
    for (let at = first; at < first + columns; at += 1) normal[at] = ((cells[at] ?? 0) - mean) / deviation
  }
  return { rows, columns, cells: normal }
}

/** @param errors the gradient of the loss over the normalised rows; gives that over the rows */
export function normaliseBackward(matrix: Matrix, errors: Matrix): Matrix {
  const { rows, columns, cells } = matrix
  const gradient = new Float32Array(cells.length)
  for (let row = 0; row < rows; row += 1) {
    const { mean, deviation } = momentsOf(matrix, row)
    const first = row * columns
    let errorSum = 0
    let product = 0
    for (let at = first; at < first + columns; at += 1) {
      errorSum += errors.cells[at] ?? 0
      product += ((errors.cells[at] ?? 0) * ((cells[at] ?? 0) - mean)) / deviation
    }
    for (let at = first; at < first + columns; at += 1) {
      const normal = ((cells[at] ?? 0) - mean) / deviation
      gradient[at] = ((errors.cells[at] ?? 0) - errorSum / columns - (normal * product) / columns) / deviation
    }
  }
  return { rows, columns, cells: gradient }
}

function momentsOf({ columns, cells }: Matrix, row: number): { mean: number; deviation: number } {
  const first = row * columns
  let mean = 0
  for (let at = first; at < first + columns; at += 1) mean += (cells[at] ?? 0) / columns
  let variance = 0
  for (let at = first; at < first + columns; at += 1) variance += ((cells[at] ?? 0) - mean) ** 2 / columns
  return { mean, deviation: Math.sqrt(variance + smallest) }
}
