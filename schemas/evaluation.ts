/** The evaluation of a model and the verdict on it: what the evaluator writes, the promoter judges and people read. */

import { z } from 'zod'
import { Intent } from './program.ts'
import { BotId, Digest, digestOf, EvaluationId, JobTypeName, RunId, VerdictWord } from './words.ts'

/** An intent, or null for out of scope, which is an answer like any other. */
const Answer = Intent.nullable()
const Count = z.int().min(0)
const Share = z.number().min(0).max(1)
const Difference = z.number().min(-1).max(1)

export const IntentFigures = z.strictObject({
  intent: Answer,
  support: Count.describe('Exam rows of this intent.'),
  precision: Share.nullable().describe('Right among the rows answered with it; null if there are none.'),
  recall: Share.nullable().describe('Right among its rows; null if it has none.'),
  f1: Share.nullable().describe('Harmonic mean of the two; null if it has no rows.'),
})
export type IntentFigures = z.infer<typeof IntentFigures>

export const Confusion = z.strictObject({
  intents: z.array(Answer).describe('What the numbers in the cells stand for.'),
  cells: z.array(z.tuple([Count, Count, Count])).describe('[label, answer, rows], without the empty cells.'),
})
export type Confusion = z.infer<typeof Confusion>

export const ModelFigures = z.strictObject({
  model: Digest,
  rows: Count.describe('Exam rows.'),
  unanswered: Count.describe('Rows without exactly one well-formed answer. They count as wrong.'),
  accuracy: Share.describe('Right among all rows.'),
  inScopeAccuracy: Share.nullable().describe('Right among the rows with an intent; null if there are none.'),
  macroF1: Share.describe('Mean F1 of the intents that have rows, out of scope included.'),
  perIntent: z.array(IntentFigures),
  confusion: Confusion,
  outOfScope: z
    .strictObject({
      rows: Count,
      recall: Share.describe('Recognised among the out-of-scope rows.'),
      auroc: Share.nullable().describe('How well the confidence ranks in-scope above out-of-scope rows.'),
    })
    .nullable()
    .describe('Null if the exam has no out-of-scope rows.'),
  calibrationError: Share.nullable().describe('Expected calibration error over 15 bins; null without answers.'),
})
export type ModelFigures = z.infer<typeof ModelFigures>

/** The champion beside the candidate. */
export const ChampionFigures = z.discriminatedUnion('answered', [
  ModelFigures.extend({ answered: z.literal(true), run: RunId, sequence: z.int().min(1) }),
  z.strictObject({
    answered: z.literal(false),
    run: RunId,
    sequence: z.int().min(1),
    model: Digest,
    reason: z.string().describe('Why it has no answers to this exam.'),
  }),
])
export type ChampionFigures = z.infer<typeof ChampionFigures>

/** The confidences for which every comparison holds an interval, so that another policy can be tried on it later. */
export const confidenceLevels = [0.8, 0.9, 0.95, 0.99, 0.999] as const

export const Interval = z.strictObject({ confidence: Share, low: Difference, high: Difference })
export type Interval = z.infer<typeof Interval>

/** Candidate and champion on the same rows. */
export const PairedFigures = z.strictObject({
  rows: Count,
  bothRight: Count,
  onlyCandidateRight: Count,
  onlyChampionRight: Count,
  bothWrong: Count,
  difference: Difference.describe('Accuracy of the candidate less that of the champion.'),
  method: z.enum(['exact', 'bootstrap']).describe('Where the intervals come from.'),
  intervals: z.array(Interval).describe('One per confidence, narrowest first.'),
  mcNemarP: Share.describe("McNemar's exact p, two-sided: how likely so uneven a split of the differing rows is."),
  smallestDetectable: Share.describe('The smallest difference that these rows could have shown at 95 %.'),
})
export type PairedFigures = z.infer<typeof PairedFigures>

/** What became of one intent that the champion knows. */
export const IntentChange = z.strictObject({
  intent: Answer.describe('As the champion knew it.'),
  rows: Count,
  championRecall: Share,
  candidateRecall: Share,
  onlyCandidateRight: Count,
  onlyChampionRight: Count,
  relabelled: Count.describe('Rows among these that carry another intent in this exam.'),
})
export type IntentChange = z.infer<typeof IntentChange>

/**
 * Both models on the same rows, without those whose text the champion was trained on.
 *
 * A changed label is no shame to the champion: in `sharedIntents` and `perIntent` a row that its own exam had under
 * another intent counts by that intent for the champion, and by the present one for the candidate. So an edit that moves
 * texts to another intent is judged by whether the candidate learnt it, and one that mislabels them cannot win because
 * its own exam is mislabelled too.
 */
export const Comparison = z.strictObject({
  allRows: PairedFigures.describe('All compared rows, both models by the labels of this exam.'),
  sharedIntents: PairedFigures.describe('The compared rows whose intent the champion knows.'),
  perIntent: z.array(IntentChange).describe('The shared rows, intent by intent.'),
  relabelled: z
    .array(z.strictObject({ from: Answer, to: Answer, rows: Count }))
    .describe("Compared rows that the champion's own exam had under another intent."),
  leftOut: z.strictObject({
    trainedByChampion: Count.describe('Rows whose text the champion was trained on: in no comparison.'),
    unknownToChampion: Count.describe('Rows of intents that the champion does not know: not in sharedIntents.'),
  }),
  championExam: Digest.nullable().describe("Labels of the champion's own exam; null if they are not known."),
})
export type Comparison = z.infer<typeof Comparison>

export const EvaluationDocument = z.strictObject({
  version: z.literal(1),
  evaluation: EvaluationId,
  run: RunId,
  bot: BotId,
  jobType: JobTypeName,
  generation: z.int().min(1),
  exam: z.strictObject({
    labels: Digest,
    rows: Count,
    outOfScopeRows: Count,
    unmarked: z.string().optional().describe('Why it could not be marked; then no figure here means anything.'),
  }),
  candidate: ModelFigures,
  champion: ChampionFigures.nullable().describe('Null if the key had none.'),
  comparison: Comparison.nullable().describe('Null without a champion that answered.'),
  limits: z
    .strictObject({
      intentsWithoutRows: z.array(Answer).describe('Trained, but not in the exam: nothing is known of them.'),
      intentsBelowSupport: z.array(Answer).describe('With fewer rows than tellingSupport.'),
      tellingSupport: Count.describe(
        'Fewest rows of an intent on which even a fall from all to none would be telling.',
      ),
    })
    .describe('What this exam cannot say.'),
})
export type EvaluationDocument = z.infer<typeof EvaluationDocument>

/** The same run against the same champion is the same evaluation; 0 stands for no champion. */
export function evaluationIdOf(run: RunId, championSequence: number | null): EvaluationId {
  const hex = digestOf(`${run}\n${championSequence ?? 0}`).slice('sha256:'.length)
  return EvaluationId.parse(`eval-${hex.slice(0, 16)}`)
}

/** The rules of a verdict, in the order in which they are asked. */
export const verdictRules = [
  'measured',
  'pin',
  'examRows',
  'accuracy',
  'firstModel',
  'championChanged',
  'championAnswered',
  'comparedRows',
  'difference',
  'guard',
  'fence',
] as const
export const VerdictRule = z.enum(verdictRules)
export type VerdictRule = z.infer<typeof VerdictRule>

export const VerdictReason = z.strictObject({
  rule: VerdictRule,
  passed: z.boolean(),
  text: z.string().describe('The reason as a sentence, with its numbers.'),
  numbers: z.record(z.string(), z.number()).describe('The same numbers by name.'),
  intent: Answer.optional().describe('The intent it is about, where it is about one.'),
})
export type VerdictReason = z.infer<typeof VerdictReason>

export const Verdict = z.strictObject({
  verdict: VerdictWord,
  rule: VerdictRule.describe('The rule that decided.'),
  reasons: z.array(VerdictReason).describe('The deciding one first.'),
})
export type Verdict = z.infer<typeof Verdict>

/** What was true of the key when a verdict was given; with the evaluation and the policy, all that it depends on. */
export const VerdictFacts = z.strictObject({
  fence: Count.describe('Highest generation that machines may no longer go below.'),
  pinned: z.boolean(),
  championSequence: Count.describe('Sequence of the champion in force; 0 for none.'),
})
export type VerdictFacts = z.infer<typeof VerdictFacts>
