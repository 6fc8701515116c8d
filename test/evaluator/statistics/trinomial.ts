import { logFactorial, times } from '../../../services/kit/statistics/binomial.ts'

/** How likely it is that so many of the rows are won and lost. */
export function trinomial(rows: number, won: number, lost: number, wonRate: number, lostRate: number): number {
  const same = rows - won - lost
  const ways = logFactorial(rows) - logFactorial(won) - logFactorial(lost) - logFactorial(same)
  return Math.exp(
    ways +
      times(won, Math.log(wonRate)) +
      times(lost, Math.log(lostRate)) +
      times(same, Math.log(1 - wonRate - lostRate)),
  )
}
