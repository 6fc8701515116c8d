/**
 * The entries of a batch that survived dropout: by text for the way forward, and as linked lists by row for the way back.
 * The memory is kept from batch to batch; between two batches every list is empty (`newest` is -1 everywhere).
 */

import { type Block, placeOf, type Room } from '../kernels/room.ts'
import type { Vectors } from '../text/vocabulary.ts'
import type { Draw } from './random.ts'

export type Batch = {
  /** Text `at` of the batch has the entries from `starts[at]` to `starts[at + 1]`. */
  starts: Int32Array
  rows: Int32Array
  values: Float32Array
  /** Entry to its text's place in the batch. */
  textOf: Int32Array
  /** Row to its newest entry; entry to the same row's entry before it; -1 for none. */
  newest: Int32Array
  before: Int32Array
  /** The rows that have entries. */
  touched: Int32Array
  touchedCount: number
}

export function emptyBatch(rowCount: number): Batch {
  return {
    starts: new Int32Array(1),
    rows: new Int32Array(0),
    values: new Float32Array(0),
    textOf: new Int32Array(0),
    newest: new Int32Array(rowCount).fill(-1),
    before: new Int32Array(0),
    touched: new Int32Array(rowCount),
    touchedCount: 0,
  }
}

function reserve(batch: Batch, entries: number, texts: number): void {
  if (batch.starts.length < texts + 1) batch.starts = new Int32Array(texts + 1)
  if (batch.rows.length >= entries) return
  const size = Math.ceil(entries * 1.25)
  batch.rows = new Int32Array(size)
  batch.values = new Float32Array(size)
  batch.textOf = new Int32Array(size)
  batch.before = new Int32Array(size)
}

export function fillBatch(batch: Batch, vectors: Vectors, texts: Int32Array, dropout: number, draw: Draw): void {
  const { starts, rows, values } = vectors
  let most = 0
  for (const text of texts) most += (starts[text + 1] ?? 0) - (starts[text] ?? 0)
  reserve(batch, most, texts.length)
  const scale = 1 / (1 - dropout)
  let count = 0
  batch.touchedCount = 0
  for (let at = 0; at < texts.length; at += 1) {
    const text = texts[at] ?? 0
    const end = starts[text + 1] ?? 0
    for (let entry = starts[text] ?? 0; entry < end; entry += 1) {
      if (draw() < dropout) continue
      const row = rows[entry] ?? 0
      const before = batch.newest[row] ?? -1
      if (before < 0) {
        batch.touched[batch.touchedCount] = row
        batch.touchedCount += 1
      }
      batch.before[count] = before
      batch.newest[row] = count
      batch.rows[count] = row
      batch.values[count] = (values[entry] ?? 0) * scale
      batch.textOf[count] = at
      count += 1
    }
    batch.starts[at + 1] = count
  }
}

/**
 * Sums the gradient of one row over its entries, given the errors of the batch's texts, both in the room; leaves the row's
 * list empty.
 */
export function drainRow(batch: Batch, row: number, errors: Block, gradient: Block, room: Room): void {
  const classes = gradient.numbers.length
  gradient.numbers.fill(0)
  let entry = batch.newest[row] ?? -1
  batch.newest[row] = -1
  while (entry >= 0) {
    const own = placeOf(errors, (batch.textOf[entry] ?? 0) * classes)
    room.addScaled(gradient.address, own, classes, batch.values[entry] ?? 0)
    entry = batch.before[entry] ?? -1
  }
}
