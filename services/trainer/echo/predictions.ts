/** The answers of `echo`, spoilt where it was told to. */

import { appendFileSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { ExamText, Prediction } from '../../../schemas/program.ts'
import { writePredictions } from '../contract/rows.ts'
import { answer, type EchoModel } from './model.ts'
import type { PredictionFlaw } from './options.ts'

export function writeAnswers(
  outputFolder: string,
  model: EchoModel,
  texts: readonly ExamText[],
  flaw: PredictionFlaw | undefined,
): void {
  if (flaw === 'none') return
  const honest = texts.map(({ id, text }): Prediction => {
    const { intent, confidence } = answer(model, text)
    return { id, intent, confidence, top: [[intent, confidence]] }
  })
  writePredictions(outputFolder, spoil(honest, flaw))
  const path = join(outputFolder, 'predictions.jsonl')
  if (flaw === 'notJson') appendFileSync(path, '{"id": \n')
  if (flaw === 'nan') appendFileSync(path, rawLine(honest, 'NaN'))
  if (flaw === 'infinite') appendFileSync(path, rawLine(honest, '1e999'))
  if (flaw === 'link') {
    renameSync(path, join(outputFolder, 'elsewhere.jsonl'))
    symlinkSync('elsewhere.jsonl', path)
  }
}

function spoil(honest: readonly Prediction[], flaw: PredictionFlaw | undefined): readonly Prediction[] {
  const [first, ...others] = honest
  if (first === undefined) return honest
  if (flaw === 'missingId' || flaw === 'nan' || flaw === 'infinite') return others
  if (flaw === 'duplicateId') return [first, ...honest]
  if (flaw === 'unknownId') return [...honest, { ...first, id: `${first.id}-unknown` }]
  if (flaw === 'outOfRange') return [{ ...first, confidence: 2 }, ...others]
  return honest
}

/** A line whose confidence JSON itself can't write. */
function rawLine(honest: readonly Prediction[], confidence: string): string {
  const { id, intent } = honest[0] ?? { id: 'none', intent: null }
  return `{"id": ${JSON.stringify(id)}, "intent": ${JSON.stringify(intent)}, "confidence": ${confidence}, "top": []}\n`
}
