/**
 * Labels that are perhaps wrong: examples that a fit, which has learnt from the other folds only, contradicts; and texts
 * that stand under two intents.
 */

import type { Example } from '../contract/rows.ts'
import type { Answered } from './examination.ts'

export type Suspicion = {
  /** Index of the example. */
  example: number
  /** Index of the class that the fit takes it for. */
  taken: number
  /** How likely the fit takes that class and the label to be. */
  takenShare: number
  labelShare: number
}

export type LabelNoise = {
  examined: number
  /** Contradicted with a probability of at least `surelyShare`. */
  surelyContradicted: number
  /** The worst first. */
  suspicions: Suspicion[]
  /** Texts that stand under several intents, out of scope included. */
  ambiguousTexts: number
}

export const surelyShare = 0.9
const listed = 10

export function labelNoise(rows: readonly (Answered & { text: number })[], examples: readonly Example[]): LabelNoise {
  const contradicted = rows.flatMap(({ text, classIndex, shares }): Suspicion[] => {
    const takenShare = Math.max(...shares)
    const taken = shares.indexOf(takenShare)
    return taken === classIndex ? [] : [{ example: text, taken, takenShare, labelShare: shares[classIndex] ?? 0 }]
  })
  const suspicions = contradicted
    .sort((a, b) => b.takenShare - b.labelShare - (a.takenShare - a.labelShare) || a.example - b.example)
    .slice(0, listed)
  return {
    examined: rows.length,
    surelyContradicted: contradicted.filter(({ takenShare }) => takenShare >= surelyShare).length,
    suspicions,
    ambiguousTexts: ambiguousTexts(examples),
  }
}

/** Upper and lower case and white space make no difference. */
export function ambiguousTexts(examples: readonly Example[]): number {
  const intentsOf = new Map<string, Set<string | null>>()
  for (const { text, intent } of examples) {
    const normalised = text.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim()
    const intents = intentsOf.get(normalised)
    if (intents === undefined) intentsOf.set(normalised, new Set([intent]))
    else intents.add(intent)
  }
  return [...intentsOf.values()].filter((intents) => intents.size > 1).length
}
