/** How good a model's answers are on examples that were held out. */

import { type Calibration, probabilities } from './answer.ts'
import type { HeldOut } from './calibrate.ts'
import { type Classes, classCount } from './classes.ts'

/** A held-out example as the calibrated model answers it. */
export type Answered = {
  classIndex: number
  /** Probability per class. */
  shares: Float64Array
  /** The likeliest intent, whatever speaks for out of scope. */
  intent: number
  /** How much likelier out of scope is than that intent; above 1 it is the answer. */
  outsideOdds: number
}

export function answered(heldOut: HeldOut, classes: Classes, calibration: Calibration): Answered {
  const shares = probabilities(heldOut.logits, classes, calibration)
  const inScope = shares.subarray(0, classes.intents.length)
  const intent = inScope.indexOf(Math.max(...inScope))
  const outside = shares[classes.intents.length] ?? 0
  return { classIndex: heldOut.classIndex, shares, intent, outsideOdds: outside / Math.max(1e-12, shares[intent] ?? 0) }
}

export type Examination = {
  inScope: number
  outside: number
  /** Share of the in-scope examples that get their intent. */
  accuracy: number
  calibrationError: number
  /** Null without out-of-scope examples. */
  outOfScope: { auroc: number; recall: number; curve: CurvePoint[] } | null
}

/** What a stricter or more lenient threshold would give. */
export type CurvePoint = { rejected: number; accuracy: number; recall: number }

export function examine(rows: readonly Answered[], classes: Classes): Examination {
  const inScope = rows.filter(({ classIndex }) => classIndex < classes.intents.length)
  const outside = rows.filter(({ classIndex }) => classIndex >= classes.intents.length)
  const canReject = outside.length > 0 && inScope.length > 0
  return {
    inScope: inScope.length,
    outside: outside.length,
    accuracy: accuracyAt(inScope, 1),
    calibrationError: calibrationError(rows, classes),
    outOfScope: canReject
      ? { auroc: auroc(inScope, outside), recall: recallAt(outside, 1), curve: curveOf(inScope, outside) }
      : null,
  }
}

function accuracyAt(inScope: readonly Answered[], threshold: number): number {
  return shareOf(inScope, ({ intent, classIndex, outsideOdds }) => intent === classIndex && outsideOdds <= threshold)
}

function recallAt(outside: readonly Answered[], threshold: number): number {
  return shareOf(outside, ({ outsideOdds }) => outsideOdds > threshold)
}

const rejectedShares = [0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5]

/** The threshold moved so that these shares of the in-scope examples are taken for out of scope. */
function curveOf(inScope: readonly Answered[], outside: readonly Answered[]): CurvePoint[] {
  const odds = inScope.map(({ outsideOdds }) => outsideOdds).sort((a, b) => b - a)
  return rejectedShares.map((share) => {
    const threshold = odds[Math.min(odds.length - 1, Math.floor(share * odds.length))] ?? 0
    return {
      rejected: shareOf(inScope, ({ outsideOdds }) => outsideOdds > threshold),
      accuracy: accuracyAt(inScope, threshold),
      recall: recallAt(outside, threshold),
    }
  })
}

/** How often an out-of-scope example has the higher odds than an in-scope one; ties count half. */
function auroc(inScope: readonly Answered[], outside: readonly Answered[]): number {
  const sorted = inScope.map(({ outsideOdds }) => outsideOdds).sort((a, b) => a - b)
  const below = (odds: number, orEqual: boolean): number => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const one = sorted[middle] ?? 0
      if (one < odds || (orEqual && one === odds)) low = middle + 1
      else high = middle
    }
    return low
  }
  const wins = outside.reduce((sum, { outsideOdds: odds }) => sum + (below(odds, false) + below(odds, true)) / 2, 0)
  return wins / (inScope.length * outside.length)
}

const bins = 15

/** Mean distance between how sure the answers are and how often they are right, in bins of equal width. */
function calibrationError(rows: readonly Answered[], classes: Classes): number {
  const sums = Array.from({ length: bins }, () => ({ sure: 0, right: 0 }))
  for (const { shares, classIndex } of rows) {
    const all = shares.subarray(0, classCount(classes))
    const sure = Math.max(...all)
    const bin = sums[Math.min(bins - 1, Math.floor(sure * bins))]
    if (bin === undefined) continue
    bin.sure += sure
    bin.right += all.indexOf(sure) === classIndex ? 1 : 0
  }
  return sums.reduce((sum, { sure, right }) => sum + Math.abs(sure - right), 0) / rows.length
}

function shareOf<Row>(rows: readonly Row[], holds: (row: Row) => boolean): number {
  return rows.length === 0 ? 0 : rows.filter(holds).length / rows.length
}
