/** `train.jsonl`, `texts.jsonl` and `predictions.jsonl`. */

import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { ExamText, Prediction, TrainingRow } from '../../../schemas/program.ts'
import { type Fields, readLines } from './lines.ts'
import { badInput } from './outcome.ts'

export type Example = Pick<TrainingRow, 'text' | 'intent'>

/** The training data; every intent in it is one that the spec names. */
export function readExamples(inputFolder: string, intents: readonly string[]): Example[] {
  const known = new Set(intents)
  const examples: Example[] = []
  for (const { fields, place } of readLines(join(inputFolder, 'train.jsonl'))) {
    const text = textOf(fields, 'text', place)
    const { intent } = fields
    if (intent !== null && (typeof intent !== 'string' || !known.has(intent))) {
      throw badInput(`${place}: intent: expected null or a name from the intents of spec.json.`)
    }
    examples.push({ text, intent })
  }
  if (examples.length === 0) throw badInput('train.jsonl holds no example: give at least two per intent.')
  return examples
}

export function readTexts(inputFolder: string): ExamText[] {
  const texts: ExamText[] = []
  for (const { fields, place } of readLines(join(inputFolder, 'texts.jsonl'))) {
    texts.push({ id: textOf(fields, 'id', place), text: textOf(fields, 'text', place) })
  }
  return texts
}

function textOf(fields: Fields, name: string, place: string): string {
  const value = fields[name]
  if (typeof value === 'string') return value
  throw badInput(`${place}: ${name}: expected a string, got ${value === undefined ? 'nothing' : typeof value}.`)
}

/** Writes in pieces, so that answers to a large exam never stand in memory as one string. */
export function writePredictions(outputFolder: string, predictions: Iterable<Prediction>): void {
  mkdirSync(outputFolder, { recursive: true })
  const file = openSync(join(outputFolder, 'predictions.jsonl'), 'w')
  try {
    let piece = ''
    for (const prediction of predictions) {
      piece += `${JSON.stringify(prediction)}\n`
      if (piece.length < 65_536) continue
      appendFileSync(file, piece)
      piece = ''
    }
    appendFileSync(file, piece)
  } finally {
    closeSync(file)
  }
}
