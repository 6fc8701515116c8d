/** What the dense head reads of a text: the encoder's sentence vector, or a vector that is learnt along. */

import type { Matrix } from '../dense/multiply.ts'
import type { Stride } from '../fitting/adam.ts'
import type { Draw } from '../fitting/random.ts'
import { sumRows, type Table } from '../fitting/table.ts'
import { tableLayer } from '../fitting/table-layer.ts'
import type { Vectors } from '../text/vocabulary.ts'
import { normalise, normaliseBackward } from './normalise.ts'

export interface ReadVectors {
  of(texts: Int32Array): Matrix
}

export interface TextVectors extends ReadVectors {
  readonly size: number
  readonly arrays: readonly Float32Array[]
  begin(draw: Draw): void
  forward(texts: Int32Array, draw: Draw): Matrix
  /** Absent where nothing is learnt. */
  readonly backward: ((errors: Matrix, stride: Stride) => void) | undefined
}

/** Vectors that are given and stay as they are. */
export function frozenVectors(vectors: Float32Array, size: number): TextVectors {
  const scaled = vectors.map((number) => number * scale)
  const of = (texts: Int32Array): Matrix => {
    const cells = new Float32Array(texts.length * size)
    for (const [at, text] of texts.entries()) {
      cells.set(scaled.subarray(text * size, (text + 1) * size), at * size)
    }
    return { rows: texts.length, columns: size, cells }
  }
  return { size, arrays: [], begin() {}, forward: of, backward: undefined, of }
}

/** The encoder's vectors have length 1, so their numbers are small; the head learns best from numbers of about 1. */
const scale = 8

export interface LearntVectors extends TextVectors {
  readonly table: Table
}

/** Sums of a vector per n-gram, normalised. */
export function ngramVectors(ngrams: Vectors, table: Table): ReadVectors {
  return {
    of(texts) {
      const { width } = table
      const cells = new Float32Array(texts.length * width)
      for (const [at, text] of texts.entries()) {
        const [from, to] = [ngrams.starts[text] ?? 0, ngrams.starts[text + 1] ?? 0]
        sumRows(table, ngrams.rows, ngrams.values, from, to, cells, at * width)
      }
      return normalise({ rows: texts.length, columns: width, cells })
    },
  }
}

export interface LearntVectors extends TextVectors {
  readonly table: Table
}

/** Half the width of the n-grams' first vectors. */
const spread = 0.1

/** The same, with the vectors of the n-grams learnt. For any language. */
export function learntVectors(
  { ngrams, rows, mostTexts }: { ngrams: Vectors; rows: number; mostTexts: number },
  size: number,
  dropout: number,
): LearntVectors {
  const layer = tableLayer({ rows, width: size, mostTexts })
  const sumsOf = (texts: number): Matrix => ({
    rows: texts,
    columns: size,
    cells: layer.sums.subarray(0, texts * size),
  })
  return {
    size,
    table: layer.table,
    arrays: layer.arrays,
    begin(draw) {
      for (const numbers of layer.arrays) numbers.fill(0)
      const { cells } = layer.table
      for (let at = 0; at < cells.length; at += 1) cells[at] = spread * (2 * draw() - 1)
    },
    forward(texts, draw) {
      layer.forward(ngrams, texts, dropout, draw)
      return normalise(sumsOf(texts.length))
    },
    backward(errors, stride) {
      layer.sums.set(normaliseBackward(sumsOf(errors.rows), errors).cells)
      layer.backward(stride)
    },
    of: ngramVectors(ngrams, layer.table).of,
  }
}
