import { EvaluationDocument } from '../../schemas/evaluation.ts'
import { canonicalJson, type Digest } from '../../schemas/words.ts'
import type { Blobs } from '../kit/blobs/blobs.ts'
import type { Queryable } from '../kit/store/database.ts'
import { type Champion, evaluate } from './evaluate.ts'
import { labelsOf, type Succeeded } from './pending.ts'
import { readAnswers, readLabels, readTraining } from './read.ts'

/** Reads what a run's evaluation depends on, and makes it. The same run against the same champion gives the same bytes. */
export async function makeEvaluation(
  blobs: Blobs,
  database: Queryable,
  succeeded: Succeeded,
): Promise<{ document: EvaluationDocument; content: Buffer }> {
  const { run, bot, jobType, generation, dataset, model, answers } = succeeded
  const exam = await readLabels(blobs, dataset.examLabels)
  const candidate = {
    run,
    bot,
    jobType,
    generation,
    model: model.digest,
    answers: await readAnswers(blobs, answers),
    trainedIntents: (await readTraining(blobs, dataset.train)).intents,
  }
  const champion = succeeded.champion && (await readChampion(blobs, database, succeeded.champion))
  const document = evaluate(exam, candidate, champion)
  return { document, content: Buffer.from(canonicalJson(EvaluationDocument.parse(document))) }
}

async function readChampion(
  blobs: Blobs,
  database: Queryable,
  champion: NonNullable<Succeeded['champion']>,
): Promise<Champion> {
  const { run, sequence, model, train, answers, reason } = champion
  const facts = { run, sequence, model: model.digest }
  if (answers === null) return { ...facts, sat: { absentBecause: reason ?? 'no reason was given' } }
  const ownLabels: Digest | undefined = await labelsOf(database, run)
  return {
    ...facts,
    sat: {
      answers: await readAnswers(blobs, answers),
      training: await readTraining(blobs, train),
      ownExam: ownLabels === undefined ? null : await readLabels(blobs, ownLabels),
    },
  }
}
