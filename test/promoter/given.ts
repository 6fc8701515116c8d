/** Evaluations for tests of the verdict, written as how two models did, intent by intent. */
import type { EvaluationDocument, IntentChange, VerdictFacts } from '../../schemas/evaluation.ts'
import { evaluationIdOf } from '../../schemas/evaluation.ts'
import { PromotionPolicy } from '../../schemas/job-type.ts'
import { BotId, digestOf, JobTypeName, RunId } from '../../schemas/words.ts'
import { comparePairs } from '../../services/evaluator/statistics/paired.ts'

/** An intent's rows, and on how many of them only one of the models was right. All other rows both had right. */
export type Given = { readonly rows: number; readonly won: number; readonly lost: number; readonly relabelled?: number }

export type GivenEvaluation = {
  readonly run?: string
  readonly bot?: string
  readonly generation?: number
  /** Of the whole exam; as measured on the intents, if not given. */
  readonly accuracy?: number
  readonly intents: Readonly<Record<string, Given>>
  /** 0: there was none. */
  readonly championSequence?: number
  readonly championAbsent?: string
  readonly trainedByChampion?: number
}

export function evaluation(given: GivenEvaluation): EvaluationDocument {
  const run = RunId.parse(given.run ?? 'run-candidate2')
  const perIntent = Object.entries(given.intents).map(([intent, change]) => intentChange(intent, change))
  const sum = (of: (change: IntentChange) => number) => perIntent.reduce((total, change) => total + of(change), 0)
  const rows = sum((change) => change.rows)
  const lost = sum((change) => change.onlyChampionRight)
  const won = sum((change) => change.onlyCandidateRight)
  const sequence = given.championSequence ?? 1
  const paired = comparePairs(
    { rows, bothRight: rows - won - lost, onlyCandidateRight: won, onlyChampionRight: lost, bothWrong: 0 },
    run,
  )
  const trainedByChampion = given.trainedByChampion ?? 0
  const examRows = rows + trainedByChampion
  const answered = given.championAbsent === undefined
  return {
    version: 1,
    evaluation: evaluationIdOf(run, sequence === 0 ? null : sequence),
    run,
    bot: BotId.parse(given.bot ?? 'bot-1'),
    jobType: JobTypeName.parse('intents'),
    generation: given.generation ?? 2,
    exam: { labels: digestOf('labels'), rows: examRows, outOfScopeRows: 0 },
    candidate: figures(digestOf(run), examRows, given.accuracy ?? (examRows - lost) / Math.max(1, examRows)),
    champion:
      sequence === 0
        ? null
        : answered
          ? { ...figures(digestOf('champion'), examRows, 0.9), answered, run: championRun, sequence }
          : { answered, run: championRun, sequence, model: digestOf('champion'), reason: given.championAbsent ?? '' },
    comparison:
      sequence === 0 || !answered
        ? null
        : {
            allRows: paired,
            sharedIntents: paired,
            perIntent,
            relabelled: [],
            leftOut: { trainedByChampion, unknownToChampion: 0 },
            championExam: null,
          },
    limits: { intentsWithoutRows: [], intentsBelowSupport: [], tellingSupport: 6 },
  }
}

const championRun = RunId.parse('run-champion22')

function intentChange(intent: string, { rows, won, lost, relabelled = 0 }: Given): IntentChange {
  return {
    intent,
    rows,
    championRecall: (rows - won) / rows,
    candidateRecall: (rows - lost) / rows,
    onlyCandidateRight: won,
    onlyChampionRight: lost,
    relabelled,
  }
}

function figures(model: EvaluationDocument['candidate']['model'], rows: number, accuracy: number) {
  return {
    model,
    rows,
    unanswered: 0,
    accuracy,
    inScopeAccuracy: accuracy,
    macroF1: accuracy,
    perIntent: [],
    confusion: { intents: [], cells: [] },
    outOfScope: null,
    calibrationError: 0.05,
  }
}

/** Twenty intents of 8 rows on which both models were right, with exceptions. */
export function bot(exceptions: Readonly<Record<string, Given>> = {}): Record<string, Given> {
  const plain = Array.from({ length: 20 }, (_, index) => [`intent-${index}`, { rows: 8, won: 0, lost: 0 }] as const)
  return { ...Object.fromEntries(plain), ...exceptions }
}

export const policy = PromotionPolicy.parse({})
export const facts: VerdictFacts = { fence: 1, pinned: false, championSequence: 1 }
