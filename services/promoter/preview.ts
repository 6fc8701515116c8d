import type { RunId } from '../../schemas/words.ts'
import { classify, conflict } from '../kit/errors.ts'
import type { Kit } from '../kit/service.ts'
import type { Preview, PreviewRequest } from './api.ts'
import { readDocument, unreadable } from './document.ts'
import { unknownRun } from './people.ts'
import { findModel, judgedModels, type ModelRecord } from './store/models.ts'
import { judge } from './verdict/judge.ts'

/**
 * The verdicts that another policy would have given, on the evaluations and the facts of then. With the policy of then
 * they are the verdicts that were given (I8). Each is judged by itself: what another champion would have led to is not
 * played through.
 */
export async function preview(
  kit: Pick<Kit, 'database' | 'blobs'>,
  { policy, run, limit, before }: PreviewRequest,
): Promise<Preview[]> {
  const previews: Preview[] = []
  const models = run === undefined ? judgedModels(kit.database, limit, before) : [await findJudged(kit.database, run)]
  for await (const model of models) {
    const judged = await judgeAgain(kit, model, policy ?? model.policy)
    if (judged) previews.push(judged)
  }
  return previews
}

/** @throws notFound, or conflict while the verdict is still to come */
async function findJudged(database: Kit['database'], run: RunId): Promise<ModelRecord> {
  const model = await findModel(database, run)
  if (model === undefined) throw unknownRun(run)
  if (model.verdict === null) throw conflict(`the verdict on the model of ${run} is still to come`)
  return model
}

async function judgeAgain(
  { blobs }: Pick<Kit, 'blobs'>,
  model: ModelRecord,
  policy: ModelRecord['policy'],
): Promise<Preview | undefined> {
  const { run, bot, jobType, generation, state, verdict: given, facts } = model
  if (given === null || facts === null) return undefined
  const { verdict, rule, reasons } = await readDocument(blobs, model.document).then(
    (evaluation) => judge(evaluation, policy, facts),
    (error: unknown) => {
      const fault = classify(error)
      if (fault.retryable) throw error
      return unreadable(fault)
    },
  )
  return { run, bot, jobType, generation, verdict, rule, reasons, was: given.verdict, state }
}
