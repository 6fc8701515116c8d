import type { VerdictReason } from '../../../schemas/evaluation.ts'
import type { VerdictWord } from '../../../schemas/words.ts'

/** What one rule says: the word that it would give by itself, and why. A rule that is content says promote. */
export type Finding = { readonly word: VerdictWord; readonly reason: VerdictReason }

type Facts = { text: string; numbers?: Record<string, number>; intent?: string | null }

export function finding(rule: VerdictReason['rule'], word: VerdictWord, facts: Facts): Finding {
  const { text, numbers = {}, intent } = facts
  return {
    word,
    reason: { rule, passed: word === 'promote', text, numbers, ...(intent === undefined ? {} : { intent }) },
  }
}

/** A share as people read it: three decimals at most, and none that say nothing. */
export function figure(share: number): string {
  return String(Number(share.toFixed(3)) + 0)
}

/** The same with its sign, for what is a difference. */
export function signed(difference: number): string {
  const text = figure(difference)
  return difference > 0 && text !== '0' ? `+${text}` : text.replace('-', '−')
}
