/**
 * What the evaluator reads of the blobs, a line at a time. Labels and training texts are Trainyard's own, so a line of
 * them that is wrong is damage; answers come from a program, so a line of them that is wrong is no answer.
 */
import { z } from 'zod'
import { ExamLabel } from '../../schemas/dataset.ts'
import { Prediction, TrainingRow } from '../../schemas/program.ts'
import type { Digest } from '../../schemas/words.ts'
import type { Blobs } from '../kit/blobs/blobs.ts'
import { broken } from '../kit/errors.ts'
import type { Answers, Labels, Training } from './evaluate.ts'
import { jsonLines } from './json-lines.ts'
import { type Answer, type Intent, sortIntents } from './statistics/figures.ts'

const TrainedText = TrainingRow.pick({ id: true, intent: true })
/** The probabilities are looked at by hand: a program may give a thousand for every text. */
const PredictionLine = z.object({ ...Prediction.shape, top: z.unknown() })

export async function readLabels(blobs: Blobs, digest: Digest): Promise<Labels> {
  const intents = new Map<string, Intent[]>()
  for await (const line of jsonLines(blobs.get(digest))) {
    const { id, intent } = own(ExamLabel, line, digest)
    const accepted = intents.get(id)
    if (accepted === undefined) intents.set(id, [intent])
    else accepted.push(intent)
  }
  for (const [id, accepted] of intents) if (accepted.length > 1) intents.set(id, sortIntents(accepted))
  return { digest, intents }
}

export async function readTraining(blobs: Blobs, digest: Digest): Promise<Training> {
  const texts = new Set<string>()
  const intents = new Set<Intent>()
  for await (const line of jsonLines(blobs.get(digest))) {
    const { id, intent } = own(TrainedText, line, digest)
    texts.add(id)
    intents.add(intent)
  }
  return { texts, intents }
}

/** An id that is answered twice contradicts itself, and counts as not answered. */
export async function readAnswers(blobs: Blobs, digest: Digest): Promise<Answers> {
  const answers = new Map<string, Answer>()
  const repeated = new Set<string>()
  for await (const line of jsonLines(blobs.get(digest))) {
    const parsed = PredictionLine.safeParse(line)
    if (!parsed.success) continue
    const { id, intent, confidence, top } = parsed.data
    if (answers.has(id)) repeated.add(id)
    answers.set(id, { intent, confidence, inScope: inScopeScore(intent, confidence, top) })
  }
  for (const id of repeated) answers.delete(id)
  return answers
}

/**
 * How sure the model is that a text is in scope: its highest probability for any intent, the usual baseline (Hendrycks &
 * Gimpel, ICLR 2017). A model that gives no probabilities is taken by the confidence of its answer.
 */
function inScopeScore(intent: Intent, confidence: number, top: unknown): number {
  let highest = Number.NEGATIVE_INFINITY
  for (const pair of Array.isArray(top) ? top : []) {
    const [name, probability]: unknown[] = Array.isArray(pair) ? pair : []
    if (typeof name === 'string' && typeof probability === 'number') highest = Math.max(highest, probability)
  }
  if (Number.isFinite(highest)) return highest
  return intent === null ? 1 - confidence : confidence
}

function own<T>(schema: z.ZodType<T>, line: unknown, digest: Digest): T {
  const parsed = schema.safeParse(line)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw broken(`the blob ${digest} is damaged: ${issue?.path.join('.')}: ${issue?.message}`)
}
