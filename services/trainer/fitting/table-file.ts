/**
 * A vocabulary and its table on disk (little-endian): per row its n-gram hash (uint32), inverse document frequency
 * (float32) and scale (float32), the bias (float32), then row by row an int8 per cell; a weight is the int8 × its row's
 * scale. Eight bits are a quarter of the size and change no answer to speak of.
 */

import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { badInput } from '../contract/outcome.ts'
import type { Vocabulary } from '../text/vocabulary.ts'
import { emptyTable, type Table } from './table.ts'

/** The parts of the file, as views of one buffer. */
function layOut(rows: number, width: number, buffer: ArrayBuffer = new ArrayBuffer(tableSize(rows, width))) {
  return {
    buffer,
    hashes: new Uint32Array(buffer, 0, rows),
    weights: new Float32Array(buffer, 4 * rows, rows),
    scales: new Float32Array(buffer, 8 * rows, rows),
    bias: new Float32Array(buffer, 12 * rows, width),
    cells: new Int8Array(buffer, 12 * rows + 4 * width, rows * width),
  }
}

function tableSize(rows: number, width: number): number {
  return 12 * rows + 4 * width + rows * width
}

export function tableBytes(vocabulary: Vocabulary, { width, cells, bias }: Table): Uint8Array {
  const parts = layOut(vocabulary.weights.length, width)
  for (const [hash, row] of vocabulary.rows) parts.hashes[row] = hash
  parts.weights.set(vocabulary.weights)
  parts.bias.set(bias)
  for (let row = 0; row < vocabulary.weights.length; row += 1) {
    const weights = cells.subarray(row * width, (row + 1) * width)
    let largest = 0
    for (const weight of weights) largest = Math.max(largest, Math.abs(weight))
    parts.scales[row] = largest / 127
    for (let c = 0; largest > 0 && c < width; c += 1) {
      parts.cells[row * width + c] = Math.round(((weights[c] ?? 0) / largest) * 127)
    }
  }
  return new Uint8Array(parts.buffer)
}

export function readTable(
  path: string,
  { rows, width, unknownWeight }: { rows: number; width: number; unknownWeight: number },
): { vocabulary: Vocabulary; table: Table } {
  const parts = layOut(rows, width, readSized(path, tableSize(rows, width)))
  const table = emptyTable(rows, width)
  table.bias.set(parts.bias)
  for (let row = 0; row < rows; row += 1) {
    const scale = parts.scales[row] ?? 0
    for (let cell = row * width; cell < (row + 1) * width; cell += 1)
      table.cells[cell] = (parts.cells[cell] ?? 0) * scale
  }
  const vocabulary = {
    rows: new Map(Array.from(parts.hashes, (hash, row) => [hash, row])),
    weights: parts.weights,
    unknownWeight,
  }
  return { vocabulary, table }
}

/** A file of a model, which has that many bytes. */
export function readSized(path: string, bytes: number): ArrayBuffer {
  if (endianness() !== 'LE') throw badInput(`${path} is little-endian, this machine is not: predict on another one.`)
  const content = readFileSync(path)
  if (content.length !== bytes) {
    throw badInput(`${path} has ${content.length} bytes, model.json asks for ${bytes}: give both as train wrote them.`)
  }
  return Uint8Array.from(content).buffer
}
