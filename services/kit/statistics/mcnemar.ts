import { atMost } from './binomial.ts'

/**
 * McNemar's exact test, two-sided (McNemar, Psychometrika 12:153–157, 1947): if neither model is better, each row on
 * which just one of them is right goes to either with equal chance, so `won` is binomial. Rows on which both are right,
 * or both wrong, say nothing about the difference.
 */
export function mcNemarP(won: number, lost: number): number {
  return Math.min(1, 2 * atMost(Math.min(won, lost), won + lost, 0.5))
}

/** The fewest differing rows that can be telling at all: with fewer, even if all go one way, p stays above 1 − confidence. */
export function fewestTellingRows(confidence: number): number {
  let rows = 1
  while (mcNemarP(0, rows) > 1 - confidence) rows += 1
  return rows
}

/**
 * The smallest difference that these rows could have shown: the least uneven split of the rows on which the models
 * differ (or of as many as can be telling at all, if they differ on fewer) that McNemar's test would have called proven.
 * 1 when there are too few rows to prove anything.
 */
export function smallestDetectable(rows: number, differing: number, confidence: number): number {
  const split = Math.max(differing, fewestTellingRows(confidence))
  if (split > rows) return 1
  let fewer = 0
  while (mcNemarP(fewer + 1, split - fewer - 1) <= 1 - confidence && fewer + 1 <= split / 2) fewer += 1
  return (split - 2 * fewer) / rows
}
