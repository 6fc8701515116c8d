import { EvaluationDocument } from '../../schemas/evaluation.ts'
import { canonicalJson, type Digest } from '../../schemas/words.ts'
import type { Blobs } from '../kit/blobs/blobs.ts'
import { TrainyardError } from '../kit/errors.ts'
import type { Queryable } from '../kit/store/database.ts'
import { type Champion, evaluate } from './evaluate.ts'
import { labelsOf, type Succeeded } from './pending.ts'
import { readAnswers, readLabels, readTraining } from './read.ts'

export type Made = { readonly document: EvaluationDocument; readonly content: Buffer }

/** Reads what a run's evaluation depends on, and makes it. The same run against the same champion gives the same bytes. */
export async function makeEvaluation(blobs: Blobs, database: Queryable, succeeded: Succeeded): Promise<Made> {
  const { dataset, answers } = succeeded
  const exam = await readLabels(blobs, dataset.examLabels)
  const candidate = {
    ...candidateOf(succeeded),
    answers: await readAnswers(blobs, answers),
    trainedIntents: (await readTraining(blobs, dataset.train)).intents,
  }
  const champion = succeeded.champion && (await readChampion(blobs, database, succeeded.champion))
  return made(evaluate(exam, candidate, champion))
}

/** The evaluation of a run whose exam could not be marked: it says why, and nothing else. */
export function makeUnmarked(succeeded: Succeeded, reason: string): Made {
  const { dataset, champion } = succeeded
  const exam = { digest: dataset.examLabels, intents: new Map(), unmarked: reason }
  const candidate = { ...candidateOf(succeeded), answers: new Map(), trainedIntents: new Set<never>() }
  const absent = champion && { ...championOf(champion), sat: { absentBecause: 'the exam could not be marked' } }
  return made(evaluate(exam, candidate, absent))
}

function made(document: EvaluationDocument): Made {
  return { document, content: Buffer.from(canonicalJson(EvaluationDocument.parse(document))) }
}

function candidateOf({ run, bot, jobType, generation, model }: Succeeded) {
  return { run, bot, jobType, generation, model: model.digest }
}

type GivenChampion = NonNullable<Succeeded['champion']>

function championOf({ run, sequence, model }: GivenChampion) {
  return { run, sequence, model: model.digest }
}

async function readChampion(blobs: Blobs, database: Queryable, champion: GivenChampion): Promise<Champion> {
  return { ...championOf(champion), sat: await readSitting(blobs, database, champion) }
}

async function readSitting(
  blobs: Blobs,
  database: Queryable,
  { run, train, answers, reason }: GivenChampion,
): Promise<Champion['sat']> {
  if (answers === null) return { absentBecause: reason ?? 'no reason was given' }
  const ownLabels: Digest | undefined = await labelsOf(database, run)
  try {
    return {
      answers: await readAnswers(blobs, answers),
      training: await readTraining(blobs, train),
      ownExam: ownLabels === undefined ? null : await readLabels(blobs, ownLabels),
    }
  } catch (error) {
    if (!(error instanceof TrainyardError && error.code === 'notFound')) throw error
    return { absentBecause: `what it is to be compared by is no longer stored: ${error.message}` }
  }
}
