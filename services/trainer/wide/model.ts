/**
 * The model on disk, enough to answer without any of the training code:
 * - `model.json`: classes, calibration and sizes, with how it was trained;
 * - `table.bin`: the n-grams with their weights (`fitting/table-file.ts`).
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Calibration } from '../answering/answer.ts'
import { type Classes, classCount } from '../answering/classes.ts'
import { type Description, parseDescription } from '../answering/description.ts'
import { readJson } from '../contract/lines.ts'
import type { Table } from '../fitting/table.ts'
import { readTable, tableBytes } from '../fitting/table-file.ts'
import type { Vocabulary } from '../text/vocabulary.ts'

export type Model = { classes: Classes; calibration: Calibration; vocabulary: Vocabulary; table: Table }

const format = 'trainyard-wide-1'

export function writeModel(outputFolder: string, model: Model, notes: Readonly<Record<string, unknown>>): void {
  const folder = join(outputFolder, 'model')
  mkdirSync(folder, { recursive: true })
  const { classes, calibration, vocabulary, table } = model
  const description: Description = {
    format,
    ...classes,
    ...calibration,
    rows: vocabulary.weights.length,
    unknownWeight: vocabulary.unknownWeight,
  }
  writeFileSync(join(folder, 'model.json'), `${JSON.stringify({ ...description, ...notes }, null, 2)}\n`)
  writeFileSync(join(folder, 'table.bin'), tableBytes(vocabulary, table))
}

export function readModel(inputFolder: string): Model {
  const folder = join(inputFolder, 'model')
  const description = parseDescription(readJson(join(folder, 'model.json')), format)
  const { intents, hasNull, rows, unknownWeight, temperature, outOfScope } = description
  const classes = { intents, hasNull }
  const width = classCount(classes)
  return {
    classes,
    calibration: { temperature, outOfScope },
    ...readTable(join(folder, 'table.bin'), { rows, width, unknownWeight }),
  }
}
