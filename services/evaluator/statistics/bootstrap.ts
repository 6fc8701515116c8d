/**
 * The bootstrap interval of a paired difference, for exams on which the models often differ.
 *
 * Percentile bootstrap over rows (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13). A resample of the
 * rows matters only by how many of them each model won, which is a trinomial draw; so it is drawn as such, and a million
 * rows cost no more than a hundred.
 */
import { logProbability } from '../../kit/statistics/binomial.ts'

export const resamples = 10_000
/** What a table of a distribution leaves out: less than one draw in a hundred million. */
const negligible = 1e-12

/** The differences of all resamples, in rows, ascending. `fraction` gives numbers from 0 to below 1. */
export function resampleDifferences(rows: number, won: number, lost: number, fraction: () => number): Int32Array {
  const drawWon = binomial(rows, won / rows)
  const lostRate = won === rows ? 0 : lost / (rows - won)
  const drawLostGiven = new Map<number, (fraction: number) => number>()
  const differences = new Int32Array(resamples)
  for (let i = 0; i < resamples; i += 1) {
    const wonNow = drawWon(fraction())
    let drawLost = drawLostGiven.get(wonNow)
    if (drawLost === undefined) {
      drawLost = binomial(rows - wonNow, lostRate)
      drawLostGiven.set(wonNow, drawLost)
    }
    differences[i] = wonNow - drawLost(fraction())
  }
  return differences.sort()
}

/** The middle `confidence` of them, as shares of the rows. */
export function percentileInterval(
  differences: Int32Array,
  rows: number,
  confidence: number,
): { low: number; high: number } {
  const cut = Math.floor(((1 - confidence) / 2) * differences.length)
  return { low: (differences[cut] ?? 0) / rows, high: (differences[differences.length - 1 - cut] ?? 0) / rows }
}

/** Draws from Bin(n, p) by inversion: from a number between 0 and 1 to the outcome at that share of the distribution. */
function binomial(n: number, p: number): (fraction: number) => number {
  const mode = Math.floor((n + 1) * p)
  const reach = (step: number): number => {
    let k = Math.min(mode, n)
    while (k + step >= 0 && k + step <= n && Math.exp(logProbability(k + step, n, p)) > negligible) k += step
    return k
  }
  const least = reach(-1)
  const greatest = reach(1)
  const cumulated: number[] = []
  let sum = 0
  for (let k = least; k <= greatest; k += 1) {
    sum += Math.exp(logProbability(k, n, p))
    cumulated.push(sum)
  }
  return (fraction) => {
    let low = 0
    let high = cumulated.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((cumulated[middle] ?? 1) > fraction * sum) high = middle
      else low = middle + 1
    }
    return least + low
  }
}
