/** The classes of a model: its intents and, last, out of scope where the training data has examples of it. */

import { badInput } from '../contract/outcome.ts'
import type { Example } from '../contract/rows.ts'

export type Classes = { intents: readonly string[]; hasNull: boolean }

export function classCount({ intents, hasNull }: Classes): number {
  return intents.length + (hasNull ? 1 : 0)
}

/** The intents that have examples, in the order of their names, so the order of the rows doesn't matter to it. */
export function classesOf(examples: readonly Example[]): Classes {
  const found = new Set(examples.map(({ intent }) => intent))
  const hasNull = found.delete(null)
  const intents = [...found].filter((intent) => intent !== null).sort()
  if (intents.length === 0)
    throw badInput('train.jsonl holds only out-of-scope examples: give examples of two intents.')
  if (intents.length === 1 && !hasNull) {
    throw badInput('train.jsonl holds one intent only, so there is nothing to tell apart: give examples of another.')
  }
  return { intents, hasNull }
}

export function classIndices(examples: readonly Example[], { intents }: Classes): Int32Array {
  const indices = new Map<string | null, number>(intents.map((intent, index) => [intent, index]))
  return Int32Array.from(examples, ({ intent }) => indices.get(intent) ?? intents.length)
}
