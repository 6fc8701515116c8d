/** Exams and answers for tests, written as what was asked and what was answered. */
import { BotId, digestOf, JobTypeName, RunId } from '../../schemas/words.ts'
import type { Answers, Candidate, Champion, Labels } from '../../services/evaluator/evaluate.ts'
import type { Intent } from '../../services/evaluator/statistics/figures.ts'

export type Row = { readonly id: string; readonly intent: Intent }

export function rowsOf(intent: Intent, count: number, name = String(intent)): Row[] {
  return Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}`, intent }))
}

export function labels(rows: readonly Row[]): Labels {
  const intents = new Map<string, Intent[]>()
  for (const { id, intent } of rows) intents.set(id, [...(intents.get(id) ?? []), intent])
  return { digest: digestOf(JSON.stringify(rows)), intents }
}

/** Answers every row as `answer` says; undefined leaves it out. */
export function answers(rows: readonly Row[], answer: (row: Row, index: number) => Intent | undefined): Answers {
  const given = rows.flatMap((row, index) => {
    const intent = answer(row, index)
    return intent === undefined ? [] : [[row.id, { intent, confidence: 0.9, inScope: 0.9 }] as const]
  })
  return new Map(given)
}

export const rightly = (row: Row): Intent => row.intent

export function candidate(given: Answers, trained: Iterable<Intent>): Candidate {
  return {
    run: RunId.parse('run-candidate2'),
    bot: BotId.parse('bot-1'),
    jobType: JobTypeName.parse('intents'),
    generation: 2,
    model: digestOf('candidate'),
    answers: given,
    trainedIntents: new Set(trained),
  }
}

export function champion(
  given: Answers,
  knows: { intents: Iterable<Intent>; texts?: Iterable<string>; ownExam?: Labels },
): Champion {
  return {
    run: RunId.parse('run-champion22'),
    sequence: 1,
    model: digestOf('champion'),
    sat: {
      answers: given,
      training: { texts: new Set(knows.texts), intents: new Set(knows.intents) },
      ownExam: knows.ownExam ?? null,
    },
  }
}
