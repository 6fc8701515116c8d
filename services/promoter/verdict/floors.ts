import type { EvaluationDocument } from '../../../schemas/evaluation.ts'
import type { PromotionPolicy } from '../../../schemas/job-type.ts'
import { counted } from '../../kit/figures.ts'
import { type Finding, figure, finding } from './finding.ts'

/** An exam that is too small decides nothing, for or against the model: a person does. */
export function examRows({ exam }: EvaluationDocument, { minimumExamRows }: PromotionPolicy): Finding {
  const numbers = { rows: exam.rows, minimumExamRows }
  const rows = `the exam has ${counted(exam.rows, 'row')}`
  return exam.rows >= minimumExamRows
    ? finding('examRows', 'promote', { text: `${rows}, at least the ${minimumExamRows} asked for`, numbers })
    : finding('examRows', 'hold', { text: `${rows}, fewer than the ${minimumExamRows} asked for`, numbers })
}

/** Without a row there is no accuracy, which is neither below the floor nor above it. */
export function accuracy({ candidate, exam }: EvaluationDocument, { minimumAccuracy }: PromotionPolicy): Finding {
  if (exam.rows === 0) {
    const text = `the exam has no row to tell the accuracy by, and the floor is ${figure(minimumAccuracy)}`
    return finding('accuracy', minimumAccuracy > 0 ? 'hold' : 'promote', { text, numbers: { minimumAccuracy } })
  }
  const numbers = { accuracy: candidate.accuracy, minimumAccuracy }
  const accuracy = `accuracy ${figure(candidate.accuracy)}`
  return candidate.accuracy >= minimumAccuracy
    ? finding('accuracy', 'promote', { text: `${accuracy} is at least the floor ${figure(minimumAccuracy)}`, numbers })
    : finding('accuracy', 'reject', { text: `${accuracy} is below the floor ${figure(minimumAccuracy)}`, numbers })
}
