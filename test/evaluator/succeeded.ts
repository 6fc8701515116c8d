/** Runs that succeeded, with their blobs stored, for tests of the service. */
import type { EventData } from '../../schemas/catalogue.ts'
import { PromotionPolicy } from '../../schemas/job-type.ts'
import { BotId, canonicalJson, type Digest, digestOf, JobTypeName, RunId } from '../../schemas/words.ts'
import type { Intent } from '../../services/evaluator/statistics/figures.ts'
import type { Blobs } from '../../services/kit/blobs/blobs.ts'
import type { Row } from './given.ts'

type Succeeded = EventData<'run.succeeded'>

export type GivenRun = {
  readonly run: string
  readonly bot?: string
  readonly generation: number
  readonly exam: readonly Row[]
  readonly train: readonly Row[]
  readonly answer: (row: Row, index: number) => Intent | undefined
  /** The champion, by its own run, and its answers to this exam. */
  readonly champion?: {
    of: Succeeded
    sequence: number
    answer: (row: Row, index: number) => Intent | undefined
  }
}

export async function succeeded(blobs: Blobs, given: GivenRun): Promise<Succeeded> {
  const { exam, train, generation, champion } = given
  const examLabels = await lines(blobs, exam)
  const trained = train.map((row) => ({ ...row, text: row.id }))
  const model = digestOf(given.run)
  return {
    run: RunId.parse(given.run),
    bot: BotId.parse(given.bot ?? 'bot-1'),
    jobType: JobTypeName.parse('intents'),
    generation,
    dataset: {
      digest: examLabels,
      uri: `dataset:${examLabels}`,
      train: await lines(blobs, trained),
      examTexts: await lines(
        blobs,
        exam.map(({ id }) => ({ id, text: id })),
      ),
      examLabels,
      trainRows: train.length,
      examRows: exam.length,
      intents: new Set(train.map(({ intent }) => intent)).size,
      splitVersion: 1,
    },
    model: { url: `http://127.0.0.1:7070/models/${model}`, digest: model },
    answers: await storeAnswers(blobs, exam, given.answer),
    champion: champion
      ? {
          run: champion.of.run,
          sequence: champion.sequence,
          model: champion.of.model,
          train: champion.of.dataset.train,
          answers: await storeAnswers(blobs, exam, champion.answer),
          reason: null,
        }
      : null,
    promotionPolicy: canonicalJson(PromotionPolicy.parse({})),
    attempts: [],
    startedAt: 1,
    endedAt: 2,
  }
}

async function storeAnswers(blobs: Blobs, exam: readonly Row[], answer: GivenRun['answer']): Promise<Digest> {
  const predictions = exam.flatMap((row, index) => {
    const intent = answer(row, index)
    return intent === undefined ? [] : [{ id: row.id, intent, confidence: 0.8, top: [[intent, 0.8]] }]
  })
  return await lines(blobs, predictions)
}

async function lines(blobs: Blobs, values: readonly object[]): Promise<Digest> {
  const content = values.map((value) => `${JSON.stringify(value)}\n`).join('')
  return (await blobs.put(Buffer.from(content))).digest
}
