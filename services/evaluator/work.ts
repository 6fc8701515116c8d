import type { EventData } from '../../schemas/catalogue.ts'
import type { EvaluationDocument } from '../../schemas/evaluation.ts'
import { type Digest, digestOf, type EvaluationId } from '../../schemas/words.ts'
import { classify } from '../kit/errors.ts'
import { underLease } from '../kit/lease.ts'
import type { Kit } from '../kit/service.ts'
import { type Made, makeEvaluation, makeUnmarked } from './make.ts'
import type { EvaluatorMetrics } from './metrics.ts'
import { claim, finish, isDue, type Pending, postpone, type Succeeded } from './pending.ts'
import type { Point } from './points.ts'

/** The interval that the event carries; the document has the others. */
const announcedConfidence = 0.95

/** With the growing pauses between them some four minutes; then it is said that there is no evaluation (I6). */
const mostTries = 8

/** How long to wait for who works on the only keys with something due. */
const lockedPauseMs = 20

/** PostgreSQL ends a transaction of which nothing is asked for much longer than this, and its locks with it. */
const stillHereEveryMs = 10_000

type Needs = Pick<Kit, 'database' | 'blobs' | 'outbox' | 'log' | 'clock'> & { point(name: Point): Promise<void> }

/** One look: makes the evaluation that has waited longest. Resolves to 0 when there may be more. */
export function evaluationWork(kit: Needs, metrics: EvaluatorMetrics): () => Promise<number | undefined> {
  async function make({ succeeded, failures }: Pending): Promise<Made> {
    try {
      return await makeEvaluation(kit.blobs, kit.database, succeeded)
    } catch (error) {
      const fault = classify(error)
      if (fault.retryable || failures + 1 < mostTries) throw error
      const { run, bot, jobType } = succeeded
      kit.log.error({ run, bot, jobType, error: fault.message }, 'a model stays without an evaluation')
      return makeUnmarked(succeeded, fault.message)
    }
  }

  return async () => {
    let claimed: Pending | undefined
    try {
      await kit.database.transaction(async (transaction) => {
        claimed = await claim(transaction)
        if (claimed === undefined) return
        await kit.point('evaluator.evaluation.claimed')
        const { id, succeeded, cause } = claimed
        const began = kit.clock.monotonicMs()
        const pending = claimed
        const renew = () => transaction.query('select')
        const { document, content } = await underLease(
          { clock: kit.clock, renewEveryMs: stillHereEveryMs, renew },
          () => make(pending),
        )
        const digest = digestOf(content)
        await kit.blobs.put(content, { expected: digest })
        await kit.point('evaluator.document.stored')
        const evaluatedAt = await finish(transaction, id, digest)
        if (evaluatedAt === undefined) return
        const data = announcement(succeeded, document, digest, evaluatedAt)
        await kit.outbox.append(transaction, [{ name: 'model.evaluated', data, cause }])
        await kit.point('evaluator.evaluation.said')
        transaction.afterCommit(() => {
          metrics.seconds.observe((kit.clock.monotonicMs() - began) / 1000)
        })
      })
    } catch (error) {
      const fault = classify(error)
      if (claimed === undefined || fault.retryable) throw error
      const { run, bot, jobType } = claimed.succeeded
      kit.log.error({ run, bot, jobType, error: fault.message, stack: fault.stack }, 'a model cannot be evaluated')
      await postpone(kit.database, claimed.id)
    }
    if (claimed === undefined) return (await isDue(kit.database)) ? lockedPauseMs : undefined
    await kit.point('evaluator.evaluation.durable')
    return 0
  }
}

function announcement(
  succeeded: Succeeded,
  document: EvaluationDocument,
  digest: Digest,
  evaluatedAt: Date,
): EventData<'model.evaluated'> {
  const { run, bot, jobType, generation, model, promotionPolicy, champion } = succeeded
  const evaluation: EvaluationId = document.evaluation
  return {
    evaluation,
    run,
    bot,
    jobType,
    generation,
    model,
    document: digest,
    promotionPolicy,
    champion: champion && { run: champion.run, sequence: champion.sequence, model: champion.model },
    examRows: document.exam.rows,
    accuracy: document.candidate.accuracy,
    macroF1: document.candidate.macroF1,
    difference: announcedDifference(document),
    evaluatedAt: evaluatedAt.getTime(),
  }
}

function announcedDifference({ comparison }: EvaluationDocument): EventData<'model.evaluated'>['difference'] {
  if (comparison === null || comparison.sharedIntents.rows === 0) return null
  const { difference, intervals } = comparison.sharedIntents
  const interval = intervals.find(({ confidence }) => confidence === announcedConfidence)
  return interval ? { estimate: difference, low: interval.low, high: interval.high } : null
}
