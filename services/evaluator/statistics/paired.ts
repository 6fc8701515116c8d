import { confidenceLevels, type Interval, type PairedFigures } from '../../../schemas/evaluation.ts'
import { mcNemarP, smallestDetectable } from '../../kit/statistics/mcnemar.ts'
import { percentileInterval, resampleDifferences } from './bootstrap.ts'
import { exactInterval } from './exact-interval.ts'
import { significant } from './rounding.ts'
import { seededFractions } from './seeded.ts'

export type PairedCounts = Pick<
  PairedFigures,
  'rows' | 'bothRight' | 'onlyCandidateRight' | 'onlyChampionRight' | 'bothWrong'
>

// In a small exam, and where the models rarely differ, the bootstrap promises too much. Elsewhere the two all but agree (to
// less than two rows where one hands over to the other), and the exact interval would cost a hundred times as much.
const smallExamRows = 100
const fewDifferingRows = 20
const detectableConfidence = 0.95

/** Who was right where. */
export function countPairs(pairs: Iterable<{ candidateRight: boolean; championRight: boolean }>): PairedCounts {
  const counts = { rows: 0, bothRight: 0, onlyCandidateRight: 0, onlyChampionRight: 0, bothWrong: 0 }
  for (const { candidateRight, championRight } of pairs) {
    counts.rows += 1
    if (candidateRight && championRight) counts.bothRight += 1
    else if (candidateRight) counts.onlyCandidateRight += 1
    else if (championRight) counts.onlyChampionRight += 1
    else counts.bothWrong += 1
  }
  return counts
}

/** The difference of two models on the same rows, and how sure it is. The seed makes the bootstrap repeatable. */
export function comparePairs(counts: PairedCounts, seed: string): PairedFigures {
  const { rows, onlyCandidateRight: won, onlyChampionRight: lost } = counts
  const method = rows <= smallExamRows || won + lost <= fewDifferingRows ? 'exact' : 'bootstrap'
  return {
    ...counts,
    difference: rows === 0 ? 0 : significant((won - lost) / rows),
    method,
    intervals: intervals(counts, method, seed),
    mcNemarP: significant(mcNemarP(won, lost)),
    smallestDetectable: significant(smallestDetectable(rows, won + lost, detectableConfidence)),
  }
}

function intervals(counts: PairedCounts, method: PairedFigures['method'], seed: string): Interval[] {
  const { rows, onlyCandidateRight: won, onlyChampionRight: lost } = counts
  if (rows === 0) return confidenceLevels.map((confidence) => ({ confidence, low: -1, high: 1 }))
  const differences = method === 'exact' ? undefined : resampleDifferences(rows, won, lost, seededFractions(seed))
  return confidenceLevels.map((confidence) => {
    const { low, high } = differences
      ? percentileInterval(differences, rows, confidence)
      : exactInterval(rows, won, lost, confidence)
    return { confidence, low: significant(low), high: significant(high) }
  })
}
