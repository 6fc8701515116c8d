/**
 * The model on disk, enough to answer without any of the training code:
 * - `model.json`: classes, calibration and sizes, with how it was trained;
 * - `table.bin` (little-endian): per row its n-gram hash (uint32), inverse document frequency (float32) and scale
 *   (float32), the bias per class (float32), then row by row an int8 per class; a weight is the int8 × its row's scale.
 *
 * Eight bits are a quarter of the size and change no answer to speak of.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { isFields, readJson } from '../contract/lines.ts'
import { badInput } from '../contract/outcome.ts'
import type { Calibration, Classes, Gate } from './answer.ts'
import { emptyNetwork, type Network } from './network.ts'
import type { Vocabulary } from './vocabulary.ts'

export type Model = { classes: Classes; calibration: Calibration; vocabulary: Vocabulary; network: Network }

const format = 'trainyard-wide-1'

export function writeModel(outputFolder: string, model: Model, notes: Readonly<Record<string, unknown>>): void {
  const folder = join(outputFolder, 'model')
  mkdirSync(folder, { recursive: true })
  const { classes, calibration, vocabulary } = model
  const description = {
    format,
    intents: classes.intents,
    hasNull: classes.hasNull,
    ...calibration,
    rows: vocabulary.weights.length,
    unknownWeight: vocabulary.unknownWeight,
    ...notes,
  }
  writeFileSync(join(folder, 'model.json'), `${JSON.stringify(description, null, 2)}\n`)
  writeFileSync(join(folder, 'table.bin'), tableBytes(model))
}

/** The parts of `table.bin`, as views of one buffer. */
function layOut(rows: number, classes: number, buffer: ArrayBuffer = new ArrayBuffer(tableSize(rows, classes))) {
  return {
    buffer,
    hashes: new Uint32Array(buffer, 0, rows),
    weights: new Float32Array(buffer, 4 * rows, rows),
    scales: new Float32Array(buffer, 8 * rows, rows),
    bias: new Float32Array(buffer, 12 * rows, classes),
    cells: new Int8Array(buffer, 12 * rows + 4 * classes, rows * classes),
  }
}

function tableSize(rows: number, classes: number): number {
  return 12 * rows + 4 * classes + rows * classes
}

function tableBytes({ vocabulary, network }: Model): Uint8Array {
  const { classes, table } = network
  const parts = layOut(vocabulary.weights.length, classes)
  for (const [hash, row] of vocabulary.rows) parts.hashes[row] = hash
  parts.weights.set(vocabulary.weights)
  parts.bias.set(network.bias)
  for (let row = 0; row < vocabulary.weights.length; row += 1) {
    const weights = table.subarray(row * classes, (row + 1) * classes)
    let largest = 0
    for (const weight of weights) largest = Math.max(largest, Math.abs(weight))
    parts.scales[row] = largest / 127
    for (let c = 0; largest > 0 && c < classes; c += 1) {
      parts.cells[row * classes + c] = Math.round(((weights[c] ?? 0) / largest) * 127)
    }
  }
  return new Uint8Array(parts.buffer)
}

export function readModel(inputFolder: string): Model {
  const folder = join(inputFolder, 'model')
  const description = parseDescription(readJson(join(folder, 'model.json')))
  const { classes, rows, unknownWeight, calibration } = description
  const width = classes.intents.length + (classes.hasNull ? 1 : 0)
  const parts = layOut(rows, width, readTable(join(folder, 'table.bin'), tableSize(rows, width)))
  const network = emptyNetwork(rows, width)
  network.bias.set(parts.bias)
  for (let cell = 0; cell < network.table.length; cell += 1) {
    network.table[cell] = (parts.cells[cell] ?? 0) * (parts.scales[Math.floor(cell / width)] ?? 0)
  }
  const vocabulary = {
    rows: new Map(Array.from(parts.hashes, (hash, row) => [hash, row])),
    weights: parts.weights,
    unknownWeight,
  }
  return { classes, calibration, vocabulary, network }
}

function readTable(path: string, size: number): ArrayBuffer {
  if (endianness() !== 'LE') throw badInput(`${path} is little-endian, this machine is not: predict on another one.`)
  const bytes = readFileSync(path)
  if (bytes.length !== size) {
    throw badInput(`${path} has ${bytes.length} bytes, model.json asks for ${size}: give both as train wrote them.`)
  }
  return Uint8Array.from(bytes).buffer
}

function parseDescription(value: unknown) {
  const broken = badInput(`model/model.json is no ${format} model: give the one that wide's train wrote.`)
  if (!isFields(value) || value['format'] !== format) throw broken
  const { intents, hasNull, rows, unknownWeight, temperature, outOfScope } = value
  const sound =
    Array.isArray(intents) &&
    intents.every((intent): intent is string => typeof intent === 'string') &&
    typeof hasNull === 'boolean' &&
    typeof rows === 'number' &&
    typeof unknownWeight === 'number' &&
    typeof temperature === 'number' &&
    (outOfScope === null || isGate(outOfScope))
  if (!sound) throw broken
  return { classes: { intents, hasNull }, rows, unknownWeight, calibration: { temperature, outOfScope } }
}

function isGate(value: unknown): value is Gate {
  return isFields(value) && ['bias', 'slope'].every((name) => typeof value[name] === 'number')
}
