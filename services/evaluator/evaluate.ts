/**
 * The evaluation: a pure function of the exam's labels, the answers of both models, and what the champion was trained
 * and examined on. The same input gives the same document, to the byte.
 */
import {
  type ChampionFigures,
  type Comparison,
  type EvaluationDocument,
  evaluationIdOf,
  type IntentChange,
} from '../../schemas/evaluation.ts'
import type { BotId, Digest, JobTypeName, RunId } from '../../schemas/words.ts'
import { fewestTellingRows } from '../kit/statistics/mcnemar.ts'
import { type Answer, figuresOf, type Intent, type MarkedRow, sortIntents } from './statistics/figures.ts'
import { comparePairs, countPairs } from './statistics/paired.ts'
import { significant } from './statistics/rounding.ts'

/** The texts of an exam by id, each with its intent; with several where the dataset has it under several: all are right. */
export type Labels = {
  readonly digest: Digest
  readonly intents: ReadonlyMap<string, readonly Intent[]>
  /** Why the exam could not be marked; it has no texts then. */
  readonly unmarked?: string
}

/** Answers by text id. An id that is missing has no usable answer. */
export type Answers = ReadonlyMap<string, Answer>

/** What a model was trained on: the ids of its texts and the intents it can know. */
export type Training = { readonly texts: ReadonlySet<string>; readonly intents: ReadonlySet<Intent> }

export type Candidate = {
  readonly run: RunId
  readonly bot: BotId
  readonly jobType: JobTypeName
  readonly generation: number
  readonly model: Digest
  readonly answers: Answers
  readonly trainedIntents: ReadonlySet<Intent>
}

export type Champion = {
  readonly run: RunId
  readonly sequence: number
  readonly model: Digest
  readonly sat:
    | { readonly answers: Answers; readonly training: Training; readonly ownExam: Labels | null }
    | { readonly absentBecause: string }
}

/** Below this confidence nothing is called proven when the document says what the exam cannot. */
const limitsConfidence = 0.95

export function evaluate(exam: Labels, candidate: Candidate, champion: Champion | null): EvaluationDocument {
  const { run, bot, jobType, generation } = candidate
  const evaluation = evaluationIdOf(run, champion?.sequence ?? null)
  const rows = markAll(exam, candidate.answers)
  const figures = figuresOf(candidate.model, rows)
  return {
    version: 1,
    evaluation,
    run,
    bot,
    jobType,
    generation,
    exam: {
      labels: exam.digest,
      rows: exam.intents.size,
      outOfScopeRows: rows.filter(({ label }) => label === null).length,
      ...(exam.unmarked === undefined ? {} : { unmarked: exam.unmarked }),
    },
    candidate: figures,
    champion: champion && championFigures(exam, champion),
    comparison: champion && compare(exam, candidate.answers, champion, evaluation),
    limits: limitsOf(figures.perIntent, candidate.trainedIntents),
  }
}

function markAll(exam: Labels, answers: Answers): MarkedRow[] {
  return Array.from(exam.intents, ([id, accepted]) => {
    const answer = answers.get(id)
    const label = answer && isRight(accepted, answer) ? answer.intent : firstOf(accepted)
    return { label, answer }
  })
}

function isRight(accepted: readonly Intent[], answer: Answer | undefined): boolean {
  return answer !== undefined && accepted.includes(answer.intent)
}

/** What a row is counted under. */
function firstOf(accepted: readonly Intent[]): Intent {
  return accepted[0] ?? null
}

function championFigures(exam: Labels, { run, sequence, model, sat }: Champion): ChampionFigures {
  if ('absentBecause' in sat) return { answered: false, run, sequence, model, reason: sat.absentBecause }
  return { answered: true, run, sequence, ...figuresOf(model, markAll(exam, sat.answers)) }
}

/** One exam row as both models met it; `knownAs` is what the champion's own exam had this text under. */
type ComparedRow = {
  readonly accepted: readonly Intent[]
  readonly knownAs: readonly Intent[]
  readonly candidate: Answer | undefined
  readonly champion: Answer | undefined
}

function compare(exam: Labels, candidate: Answers, { sat }: Champion, seed: string): Comparison | null {
  if ('absentBecause' in sat) return null
  const compared = Array.from(exam.intents)
    .filter(([id]) => !sat.training.texts.has(id))
    .map(
      ([id, accepted]): ComparedRow => ({
        accepted,
        knownAs: sat.ownExam?.intents.get(id) ?? accepted,
        candidate: candidate.get(id),
        champion: sat.answers.get(id),
      }),
    )
  const shared = compared.filter(({ knownAs }) => knownAs.some((intent) => sat.training.intents.has(intent)))
  return {
    allRows: comparePairs(countPairs(compared.map(markedByThisExam)), seed),
    sharedIntents: comparePairs(countPairs(shared.map(markedByOwnExams)), seed),
    perIntent: intentChanges(shared),
    relabelled: relabellings(compared),
    leftOut: {
      trainedByChampion: exam.intents.size - compared.length,
      unknownToChampion: compared.length - shared.length,
    },
    championExam: sat.ownExam?.digest ?? null,
  }
}

function markedByThisExam({ accepted, candidate, champion }: ComparedRow) {
  return { candidateRight: isRight(accepted, candidate), championRight: isRight(accepted, champion) }
}

function markedByOwnExams({ accepted, knownAs, candidate, champion }: ComparedRow) {
  return { candidateRight: isRight(accepted, candidate), championRight: isRight(knownAs, champion) }
}

function isRelabelled({ accepted, knownAs }: ComparedRow): boolean {
  return !knownAs.some((intent) => accepted.includes(intent))
}

function intentChanges(shared: readonly ComparedRow[]): IntentChange[] {
  const byIntent = Map.groupBy(shared, ({ knownAs }) => firstOf(knownAs))
  return sortIntents(byIntent.keys()).map((intent) => {
    const own = byIntent.get(intent) ?? []
    const counts = countPairs(own.map(markedByOwnExams))
    const { rows, bothRight, onlyCandidateRight, onlyChampionRight } = counts
    return {
      intent,
      rows,
      championRecall: significant((bothRight + onlyChampionRight) / rows),
      candidateRecall: significant((bothRight + onlyCandidateRight) / rows),
      onlyCandidateRight,
      onlyChampionRight,
      relabelled: own.filter(isRelabelled).length,
    }
  })
}

function relabellings(compared: readonly ComparedRow[]): Comparison['relabelled'] {
  const moved = Map.groupBy(compared.filter(isRelabelled), ({ knownAs }) => firstOf(knownAs))
  return sortIntents(moved.keys()).flatMap((from) => {
    const to = Map.groupBy(moved.get(from) ?? [], ({ accepted }) => firstOf(accepted))
    return sortIntents(to.keys()).map((intent) => ({ from, to: intent, rows: to.get(intent)?.length ?? 0 }))
  })
}

function limitsOf(
  perIntent: EvaluationDocument['candidate']['perIntent'],
  trained: ReadonlySet<Intent>,
): EvaluationDocument['limits'] {
  const tellingSupport = fewestTellingRows(limitsConfidence)
  const examined = perIntent.filter(({ support }) => support > 0)
  const withRows = new Set(examined.map(({ intent }) => intent))
  return {
    intentsWithoutRows: sortIntents(trained).filter((intent) => !withRows.has(intent)),
    intentsBelowSupport: examined.filter(({ support }) => support < tellingSupport).map(({ intent }) => intent),
    tellingSupport,
  }
}
