/**
 * What one model did in an exam. Precision, recall, F1 and their unweighted mean are those of Sokolova & Lapalme,
 * Information Processing & Management 45:427–437, 2009; out of scope is a class like any other.
 */
import type { Confusion, IntentFigures, ModelFigures } from '../../../schemas/evaluation.ts'
import type { Digest } from '../../../schemas/words.ts'
import { areaUnderRoc } from './auroc.ts'
import { calibrationError } from './calibration.ts'
import { significant } from './rounding.ts'

/** An intent; null is out of scope. */
export type Intent = string | null

export type Answer = {
  readonly intent: Intent
  readonly confidence: number
  /** How sure the model is that the text is in scope. */
  readonly inScope: number
}

/** A row of the exam with what the model answered; undefined when there is no usable answer, which is wrong. */
export type MarkedRow = { readonly label: Intent; readonly answer: Answer | undefined }

export function figuresOf(model: Digest, rows: readonly MarkedRow[]): ModelFigures {
  const confusion = confusionOf(rows)
  const perIntent = intentFigures(rows, confusion)
  const answered = rows.flatMap(({ label, answer }) => (answer ? [{ label, answer }] : []))
  const inScope = rows.filter(({ label }) => label !== null)
  const f1s = perIntent.flatMap(({ f1 }) => (f1 === null ? [] : [f1]))
  const calibration = answered.map(({ label, answer }) => ({
    confidence: answer.confidence,
    right: answer.intent === label,
  }))
  return {
    model,
    rows: rows.length,
    unanswered: rows.length - answered.length,
    accuracy: share(rows.filter(isRight).length, rows.length) ?? 0,
    inScopeAccuracy: share(inScope.filter(isRight).length, inScope.length),
    macroF1: f1s.length === 0 ? 0 : significant(f1s.reduce((sum, f1) => sum + f1, 0) / f1s.length),
    perIntent,
    confusion,
    outOfScope: outOfScopeFigures(rows),
    calibrationError: answered.length === 0 ? null : significant(calibrationError(calibration)),
  }
}

function isRight({ label, answer }: MarkedRow): boolean {
  return answer !== undefined && answer.intent === label
}

/** By name, out of scope last. */
export function sortIntents(intents: Iterable<Intent>): Intent[] {
  return [...new Set(intents)].sort((a, b) => {
    if (a === null || b === null) return Number(a === null) - Number(b === null)
    return a < b ? -1 : a > b ? 1 : 0
  })
}

/** Sparse, since of 150 × 150 cells all but a few hundred are empty. Rows without an answer are in no cell. */
function confusionOf(rows: readonly MarkedRow[]): Confusion {
  const seen = rows.flatMap(({ label, answer }) => (answer ? [label, answer.intent] : [label]))
  const intents = sortIntents(seen)
  const place = new Map(intents.map((intent, index) => [intent, index]))
  const counts = new Map<number, number>()
  for (const { label, answer } of rows) {
    if (answer === undefined) continue
    const cell = (place.get(label) ?? 0) * intents.length + (place.get(answer.intent) ?? 0)
    counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  const cells = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([cell, count]): [number, number, number] => [Math.floor(cell / intents.length), cell % intents.length, count])
  return { intents, cells }
}

function intentFigures(rows: readonly MarkedRow[], { intents, cells }: Confusion): IntentFigures[] {
  const support = new Map<Intent, number>()
  for (const { label } of rows) support.set(label, (support.get(label) ?? 0) + 1)
  const answered = intents.map(() => 0)
  const right = intents.map(() => 0)
  for (const [label, answer, count] of cells) {
    answered[answer] = (answered[answer] ?? 0) + count
    if (label === answer) right[label] = count
  }
  return intents.map((intent, index) => {
    const hits = right[index] ?? 0
    const given = answered[index] ?? 0
    const own = support.get(intent) ?? 0
    return {
      intent,
      support: own,
      precision: share(hits, given),
      recall: share(hits, own),
      f1: own === 0 ? null : share(2 * hits, own + given),
    }
  })
}

function outOfScopeFigures(rows: readonly MarkedRow[]): ModelFigures['outOfScope'] {
  const outside = rows.filter(({ label }) => label === null)
  if (outside.length === 0) return null
  const inside = rows.filter(({ label }) => label !== null)
  const auroc = areaUnderRoc(
    inside.map(({ answer }) => (answer ? answer.inScope : Number.NEGATIVE_INFINITY)),
    outside.map(({ answer }) => (answer ? answer.inScope : Number.POSITIVE_INFINITY)),
  )
  return {
    rows: outside.length,
    recall: share(outside.filter(isRight).length, outside.length) ?? 0,
    auroc: auroc === null ? null : significant(auroc),
  }
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : significant(part / whole)
}
