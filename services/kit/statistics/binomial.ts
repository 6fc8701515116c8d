/** The binomial distribution, from logarithms of factorials so that a million rows do not overflow. */

const tableSize = 1024
const logFactorials = new Float64Array(tableSize)
for (let n = 2; n < tableSize; n += 1) logFactorials[n] = (logFactorials[n - 1] ?? 0) + Math.log(n)

/** ln n!; beyond the table by Stirling's series, whose error there is below the last bit (Abramowitz & Stegun 6.1.41). */
export function logFactorial(n: number): number {
  const known = logFactorials[n]
  if (known !== undefined) return known
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3)
}

/** The logarithm of P(X = k) for X ~ Bin(n, p). */
export function logProbability(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY
  const ways = logFactorial(n) - logFactorial(k) - logFactorial(n - k)
  return ways + times(k, Math.log(p)) + times(n - k, Math.log(1 - p))
}

/** P(X ≤ k) for X ~ Bin(n, p). Summed from the greatest term down, so that nothing is lost in the rounding. */
export function atMost(k: number, n: number, p: number): number {
  if (k < 0) return 0
  if (k >= n) return 1
  if (k > n * p) return 1 - atMost(n - k - 1, n, 1 - p)
  let term = Math.exp(logProbability(k, n, p))
  let sum = term
  for (let i = k; i > 0 && term > sum * Number.EPSILON; i -= 1) {
    term *= (i * (1 - p)) / ((n - i + 1) * p)
    sum += term
  }
  return Math.min(1, sum)
}

/** k ln p, given ln p: nothing times the impossible is certain. */
export function times(k: number, logarithm: number): number {
  return k === 0 ? 0 : k * logarithm
}

/**
 * The greatest p under which seeing k or fewer of n is not rarer than `tail`: Clopper & Pearson's upper bound (1934).
 */
export function upperBound(k: number, n: number, tail: number): number {
  if (k >= n) return 1
  let low = k / n
  let high = 1
  for (let i = 0; i < 50; i += 1) {
    const middle = (low + high) / 2
    if (atMost(k, n, middle) > tail) low = middle
    else high = middle
  }
  return high
}
