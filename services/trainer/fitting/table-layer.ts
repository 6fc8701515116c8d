/**
 * Fitting a table, batch by batch. Only the rows of n-grams that a batch holds are updated, each with a gradient that is
 * used as soon as it is summed, so the whole gradient is never stored.
 */

import type { Vectors } from '../text/vocabulary.ts'
import { descend, emptyMoments, type Moments, type Stride } from './adam.ts'
import { drainRow, emptyBatch, fillBatch } from './batch.ts'
import type { Draw } from './random.ts'
import { emptyTable, sumRows, type Table } from './table.ts'

export interface TableLayer {
  readonly table: Table
  /** Weights, bias and moments, for a checkpoint. */
  readonly arrays: readonly Float32Array[]
  /** Writes what each text of a batch gives, one behind the other, with a share of its n-grams left out. */
  forward(vectors: Vectors, texts: Int32Array, dropout: number, draw: Draw, sums: Float32Array): void
  /** Moves the weights, given the gradient of the loss over what the last `forward` wrote. */
  backward(errors: Float32Array, stride: Stride): void
}

export function tableLayer(rows: number, width: number): TableLayer {
  const table = emptyTable(rows, width)
  const cellMoments: Moments = emptyMoments(rows * width)
  const biasMoments: Moments = emptyMoments(width)
  const batch = emptyBatch(rows)
  const gradient = new Float32Array(width)
  let count = 0

  return {
    table,
    arrays: [table.cells, table.bias, cellMoments.mean, cellMoments.square, biasMoments.mean, biasMoments.square],
    forward(vectors, texts, dropout, draw, sums) {
      fillBatch(batch, vectors, texts, dropout, draw)
      count = texts.length
      for (let at = 0; at < count; at += 1) {
        sumRows(table, batch.rows, batch.values, batch.starts[at] ?? 0, batch.starts[at + 1] ?? 0, sums, at * width)
      }
    },
    backward(errors, stride) {
      for (let touched = 0; touched < batch.touchedCount; touched += 1) {
        const row = batch.touched[touched] ?? 0
        drainRow(batch, row, errors, gradient)
        descend(table.cells, cellMoments, row * width, gradient, stride)
      }
      gradient.fill(0)
      for (let at = 0; at < count * width; at += 1) {
        gradient[at % width] = (gradient[at % width] ?? 0) + (errors[at] ?? 0)
      }
      descend(table.bias, biasMoments, 0, gradient, stride)
    },
  }
}
