/**
 * The model on disk, enough to answer without any of the training code:
 * - `model.json`: classes, calibration, sizes and encoder, with how it was trained;
 * - `table.bin`: the n-grams with their weights (`fitting/table-file.ts`);
 * - `head.bin`: weights and bias of each layer (float32, little-endian);
 * - `ngram-vectors.bin`, where the vectors were learnt along: the n-grams with theirs, in the format of `table.bin`;
 * - `README.md`: the model card.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Calibration } from '../answering/answer.ts'
import { type Classes, classCount } from '../answering/classes.ts'
import { type Description, parseDescription } from '../answering/description.ts'
import { isFields, readJson } from '../contract/lines.ts'
import { badInput } from '../contract/outcome.ts'
import { emptyWeights, type Weights } from '../dense/layer.ts'
import { vectorSize } from '../embedding/encoder-package.ts'
import type { Table } from '../fitting/table.ts'
import { readSized, readTable, tableBytes } from '../fitting/table-file.ts'
import type { Vocabulary } from '../text/vocabulary.ts'

export type StoredModel = {
  classes: Classes
  calibration: Calibration
  vocabulary: Vocabulary
  table: Table
  weights: readonly Weights[]
  /** Where the head's vectors come from. */
  vectors: { encoder: string } | { learnt: Table }
}

export const format = 'trainyard-wide-deep-1'

export function writeModel(
  outputFolder: string,
  model: StoredModel,
  notes: Readonly<Record<string, unknown>>,
  card: string,
): void {
  const folder = join(outputFolder, 'model')
  mkdirSync(folder, { recursive: true })
  const { classes, calibration, vocabulary, table, weights, vectors } = model
  const description: Description = {
    format,
    ...classes,
    ...calibration,
    rows: vocabulary.weights.length,
    unknownWeight: vocabulary.unknownWeight,
  }
  const shape = {
    hidden: weights.slice(1).map(({ matrix }) => matrix.rows),
    vectors: 'learnt' in vectors ? { learnt: vectors.learnt.width } : vectors,
  }
  writeFileSync(join(folder, 'model.json'), `${JSON.stringify({ ...description, ...shape, ...notes }, null, 2)}\n`)
  writeFileSync(join(folder, 'table.bin'), tableBytes(vocabulary, table))
  writeFileSync(join(folder, 'head.bin'), Buffer.concat(weights.flatMap(numbersOf).map(bytesOf)))
  if ('learnt' in vectors) writeFileSync(join(folder, 'ngram-vectors.bin'), tableBytes(vocabulary, vectors.learnt))
  writeFileSync(join(folder, 'README.md'), card)
}

function numbersOf({ matrix, bias }: Weights): Float32Array[] {
  return [matrix.cells, bias]
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

export function readModel(folder: string): StoredModel {
  const fields = readJson(join(folder, 'model.json'))
  const description = parseDescription(fields, format)
  const { intents, hasNull, rows, unknownWeight, temperature, outOfScope } = description
  const classes = { intents, hasNull }
  const { hidden, vectors } = parseShape(description)
  const inputs = 'learnt' in vectors ? vectors.learnt : vectorSize
  const { vocabulary, table } = readTable(join(folder, 'table.bin'), {
    rows,
    width: classCount(classes),
    unknownWeight,
  })
  return {
    classes,
    calibration: { temperature, outOfScope },
    vocabulary,
    table,
    weights: readHead(join(folder, 'head.bin'), [inputs, ...hidden, classCount(classes)]),
    vectors:
      'learnt' in vectors
        ? { learnt: readTable(join(folder, 'ngram-vectors.bin'), { rows, width: inputs, unknownWeight }).table }
        : vectors,
  }
}

function readHead(path: string, sizes: readonly number[]): Weights[] {
  const weights = sizes.slice(1).map((size, at) => emptyWeights(sizes[at] ?? 0, size))
  const numbers = weights.flatMap(numbersOf)
  const content = readSized(
    path,
    numbers.reduce((sum, { byteLength }) => sum + byteLength, 0),
  )
  let offset = 0
  for (const part of numbers) {
    part.set(new Float32Array(content, offset, part.length))
    offset += part.byteLength
  }
  return weights
}

function parseShape({ hidden, vectors }: Readonly<Record<string, unknown>>): {
  hidden: number[]
  vectors: { encoder: string } | { learnt: number }
} {
  if (
    Array.isArray(hidden) &&
    hidden.every((size): size is number => Number.isSafeInteger(size)) &&
    isFields(vectors)
  ) {
    const { encoder, learnt } = vectors
    if (typeof encoder === 'string') return { hidden, vectors: { encoder } }
    if (typeof learnt === 'number') return { hidden, vectors: { learnt } }
  }
  throw badInput(`model/model.json is no ${format} model: give the one that its program's train wrote.`)
}
