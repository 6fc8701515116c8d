/**
 * Fitting a table, batch by batch. Only the rows of n-grams that a batch holds are updated, each with a gradient that is
 * used as soon as it is summed, so the whole gradient is never stored.
 */

import { type Memory, memoryFor, openRoom, placeOf } from '../kernels/room.ts'
import type { Vectors } from '../text/vocabulary.ts'
import { arraysOf, descend, numbersPerWeight, type Stride, takeLearning } from './adam.ts'
import { drainRow, emptyBatch, fillBatch } from './batch.ts'
import type { Draw } from './random.ts'
import type { Table } from './table.ts'

export interface TableLayer {
  readonly table: Table
  /** Weights, bias and moments, for a checkpoint. */
  readonly arrays: readonly Float32Array[]
  /** What the texts of a batch give, one behind the other, and after that the errors over it. */
  readonly sums: Float32Array
  /** Writes the sums, with a share of the n-grams left out. */
  forward(vectors: Vectors, texts: Int32Array, dropout: number, draw: Draw): void
  /** Moves the weights, given the gradient of the loss over what the last `forward` wrote, in the place of that. */
  backward(stride: Stride): void
}

/** `mostTexts`: how many a batch has at most. */
export type TableSize = { rows: number; width: number; mostTexts: number }

/** @param memory one for the same size, to be shared with a layer elsewhere */
export function tableLayer(size: TableSize, memory: Memory = tableMemory(size)): TableLayer {
  const { rows, width, mostTexts } = size
  const room = openRoom(memory)
  const cells = takeLearning(room, rows * width)
  const bias = takeLearning(room, width)
  const gradient = room.take(width)
  const sums = room.take(mostTexts * width)
  const batch = emptyBatch(rows)
  let count = 0

  return {
    table: { width, cells: cells.weights.numbers, bias: bias.weights.numbers },
    arrays: [...arraysOf(cells), ...arraysOf(bias)],
    sums: sums.numbers,
    forward(vectors, texts, dropout, draw) {
      fillBatch(batch, vectors, texts, dropout, draw)
      count = texts.length
      for (let at = 0; at < count; at += 1) {
        sums.numbers.set(bias.weights.numbers, at * width)
        const own = placeOf(sums, at * width)
        const end = batch.starts[at + 1] ?? 0
        for (let entry = batch.starts[at] ?? 0; entry < end; entry += 1) {
          const row = placeOf(cells.weights, (batch.rows[entry] ?? 0) * width)
          room.addScaled(own, row, width, batch.values[entry] ?? 0)
        }
      }
    },
    backward(stride) {
      for (let touched = 0; touched < batch.touchedCount; touched += 1) {
        const row = batch.touched[touched] ?? 0
        drainRow(batch, row, sums, gradient, room)
        descend(room, cells, row * width, gradient, stride)
      }
      gradient.numbers.fill(0)
      for (let at = 0; at < count; at += 1) room.addScaled(gradient.address, placeOf(sums, at * width), width, 1)
      descend(room, bias, 0, gradient, stride)
    },
  }
}

export function tableMemory({ rows, width, mostTexts }: TableSize): Memory {
  return memoryFor((rows + 1) * width * numbersPerWeight + (mostTexts + 1) * width)
}
