/**
 * The exact interval of a paired difference, for exams on which the models rarely differ.
 *
 * The exact conditional interval (Clopper & Pearson's on the differing rows alone) will not do: it takes the number of
 * differing rows for granted, so that two models that never differed on 20 rows would be proven equal to the last row.
 * This one inverts the exact unconditional test over all outcomes of the exam, ordered by Tango's score statistic
 * (Tango, Statistics in Medicine 17:891–908, 1998), at the least favourable rate of differing rows (Hsueh, Liu & Chen,
 * Biometrics 57:478–483, 2001); that rate is sought within its own 99.99 % bound, whose error is added to the p-value
 * (Berger & Boos, JASA 89:1012–1016, 1994). Its coverage is therefore at least the stated confidence, but for what a
 * search in a few steps misses of that rate: of a tail of 0.1, enumerated, 0.002 with 20 rows and 0.005 with 40.
 */
import { atMost, logProbability, upperBound } from '../../kit/statistics/binomial.ts'

const nuisanceTail = 1e-4
const nuisanceSteps = 12
const bisections = 16
/** Outcomes that tie with the observed one count as at least as extreme, whatever the rounding. */
const tie = 1e-9
/** Less than half of the last bit: adding it changes nothing. */
const negligible = 2 ** -54

/**
 * Tango's score statistic for the hypothesis that the true difference is `delta`: the distance from it in standard
 * errors, with the rate of lost rows at its most likely value under that hypothesis.
 */
export function scoreStatistic(rows: number, won: number, lost: number, delta: number): number {
  const b = (2 * rows - won + lost) * delta - won - lost
  const c = -lost * delta * (1 - delta)
  const root = Math.sqrt(Math.max(0, b * b - 8 * rows * c))
  // Two forms of the same root of 2·rows·q² + b·q + c: each where it does not subtract near equals.
  const lostRate = b > 0 ? (-2 * c) / (b + root) : (root - b) / (4 * rows)
  const variance = rows * (2 * lostRate + delta * (1 - delta))
  const distance = won - lost - rows * delta
  if (variance <= 0) return distance === 0 ? 0 : Math.sign(distance) * Number.POSITIVE_INFINITY
  return distance / Math.sqrt(variance)
}

/** Bounds of the difference (won − lost) / rows, each missed with a probability of at most (1 − confidence) / 2. */
export function exactInterval(
  rows: number,
  won: number,
  lost: number,
  confidence: number,
): { low: number; high: number } {
  const tail = (1 - confidence) / 2
  return { low: lowerBound(rows, won, lost, tail), high: -lowerBound(rows, lost, won, tail) }
}

function lowerBound(rows: number, won: number, lost: number, tail: number): number {
  const mostDiffering = upperBound(won + lost, rows, nuisanceTail)
  let low = -mostDiffering
  let high = (won - lost) / rows
  for (let i = 0; i < bisections; i += 1) {
    const middle = (low + high) / 2
    if (isLikelier(tail, rows, won, lost, middle, mostDiffering)) high = middle
    else low = middle
  }
  return low
}

/** Whether an outcome at least as much in the candidate's favour is likelier than `tail`, if the true difference is `delta`. */
function isLikelier(
  tail: number,
  rows: number,
  won: number,
  lost: number,
  delta: number,
  mostDiffering: number,
): boolean {
  const observed = scoreStatistic(rows, won, lost, delta)
  const least = Math.abs(delta)
  const greatest = Math.max(least, mostDiffering)
  // Eight standard deviations: what lies beyond is lost in the rounding.
  const most = Math.min(rows, Math.ceil(rows * greatest + 8 * Math.sqrt(rows * greatest) + 8))
  const extreme = extremeOutcomes(rows, observed, delta, most)
  for (let i = 0; i <= nuisanceSteps; i += 1) {
    const differing = Math.min(1 - tie, least + ((greatest - least) * i) / nuisanceSteps)
    const probability = probabilityOf(rows, extreme, (differing + delta) / 2, (differing - delta) / 2)
    if (probability + nuisanceTail > tail) return true
  }
  return false
}

/** For each number of rows won, the most rows lost with which the outcome is still at least as extreme; −1 for none. */
function extremeOutcomes(rows: number, observed: number, delta: number, most: number): readonly number[] {
  const mostLost: number[] = []
  let lost = -1
  for (let won = 0; won <= most; won += 1) {
    while (lost < most && scoreStatistic(rows, won, lost + 1, delta) >= observed - tie) lost += 1
    mostLost.push(Math.min(lost, rows - won))
  }
  return mostLost
}

/** The trinomial probability of those outcomes: so many won, and of the others no more lost. */
function probabilityOf(rows: number, mostLost: readonly number[], wonRate: number, lostRate: number): number {
  const lostOfOthers = Math.min(1, lostRate / (1 - wonRate))
  let sum = 0
  for (const [won, most] of mostLost.entries()) {
    const atWhateverLoss = Math.exp(logProbability(won, rows, wonRate))
    if (atWhateverLoss < sum * negligible) continue
    sum += atWhateverLoss * atMost(most, rows - won, lostOfOthers)
  }
  return sum
}
