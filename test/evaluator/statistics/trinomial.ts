import { logFactorial, timesLog } from '../../../services/kit/statistics/binomial.ts'

/** How likely it is that so many of the rows are won and lost. */
export function trinomial(rows: number, won: number, lost: number, wonRate: number, lostRate: number): number {
  const same = rows - won - lost
  const ways = logFactorial(rows) - logFactorial(won) - logFactorial(lost) - logFactorial(same)
  return Math.exp(ways + timesLog(won, wonRate) + timesLog(lost, lostRate) + timesLog(same, 1 - wonRate - lostRate))
}
