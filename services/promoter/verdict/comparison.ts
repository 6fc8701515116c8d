import type { Comparison, EvaluationDocument, Interval, VerdictFacts } from '../../../schemas/evaluation.ts'
import type { PromotionPolicy } from '../../../schemas/job-type.ts'
import { counted } from '../../kit/figures.ts'
import { type Finding, figure, finding, signed } from './finding.ts'
import { guard } from './guard.ts'

/** How the candidate stands to the model in force; the first model of a key has nothing to be compared with. */
export function againstChampion(
  evaluation: EvaluationDocument,
  policy: PromotionPolicy,
  { championSequence }: VerdictFacts,
): Finding[] {
  const { champion, comparison } = evaluation
  const compared = champion?.sequence ?? 0
  if (compared !== championSequence) {
    return [
      finding('championChanged', 'hold', {
        text: `the champion changed between exam and verdict: compared with ${sequence(compared)}, in force is ${sequence(championSequence)}`,
        numbers: { compared, inForce: championSequence },
      }),
    ]
  }
  if (champion === null) return [finding('firstModel', 'promote', { text: 'it is the first model, with none to beat' })]
  if (!champion.answered || comparison === null) {
    const why = champion.answered ? 'there is no comparison' : champion.reason
    return [finding('championAnswered', 'hold', { text: `the champion did not sit this exam: ${why}` })]
  }
  const enough = comparedRows(comparison, policy)
  if (enough.word !== 'promote') return [enough]
  return [enough, difference(comparison, policy), ...guard(comparison.perIntent, policy)]
}

function sequence(number: number): string {
  return number === 0 ? 'none' : `number ${number}`
}

/** The rows that both models can be marked on are an exam of their own, and as small as it may be. */
function comparedRows({ sharedIntents, leftOut }: Comparison, { minimumExamRows }: PromotionPolicy): Finding {
  const { rows } = sharedIntents
  const { trainedByChampion, unknownToChampion } = leftOut
  const needed = Math.max(1, minimumExamRows)
  const numbers = { rows, minimumExamRows: needed, trainedByChampion, unknownToChampion }
  const left = [
    ...(trainedByChampion > 0
      ? [`${counted(trainedByChampion, 'row')} that the champion was trained on left out`]
      : []),
    ...(unknownToChampion > 0 ? [`${unknownToChampion} of intents that it does not know`] : []),
  ]
  const text = `both models can be compared on ${counted(rows, 'row')}${left.length > 0 ? ` (${left.join(', ')})` : ''}`
  return rows >= needed
    ? finding('comparedRows', 'promote', { text, numbers })
    : finding('comparedRows', 'hold', { text: `${text}, fewer than the ${needed} asked for`, numbers })
}

function difference({ sharedIntents }: Comparison, policy: PromotionPolicy): Finding {
  const { difference, intervals, rows } = sharedIntents
  const { margin, whenUndecided } = policy
  const { low, high, confidence } = intervalAt(intervals, policy.confidence)
  const numbers = { difference, low, high, margin, confidence, rows }
  const measured = `accuracy on the ${counted(rows, 'row')} of shared intents differs by ${signed(difference)} (${figure(confidence * 100)} % interval ${signed(low)} to ${signed(high)})`
  const say = (word: Finding['word'], conclusion: string): Finding =>
    finding('difference', word, { text: `${measured}: ${conclusion}`, numbers })

  if (low >= -margin) return say('promote', `proven not worse by more than the allowed ${figure(margin)}`)
  if (high < 0) return say('reject', 'proven worse')
  if (whenUndecided === 'hold') return say('hold', 'neither proven worse nor proven not worse')
  if (difference >= -margin) {
    return say('promote', `undecided, and no worse than the allowed ${figure(margin)} as far as measured`)
  }
  return say('hold', `undecided, and worse than the allowed ${figure(margin)} as far as measured`)
}

/** The narrowest stored interval that is at least as sure as asked; of one surer than any nothing is known. */
function intervalAt(intervals: readonly Interval[], confidence: number): Interval {
  return intervals.find((interval) => interval.confidence >= confidence) ?? { confidence, low: -1, high: 1 }
}
