/** Gives the verdict on each evaluated model, and makes it true, in one transaction under the lock on the key's row. */
import type { Verdict, VerdictFacts } from '../../schemas/evaluation.ts'
import type { Occurrence } from '../kit/bus/outbox.ts'
import { classify } from '../kit/errors.ts'
import type { Kit } from '../kit/service.ts'
import type { Transaction } from '../kit/store/database.ts'
import { readDocument, unreadable } from './document.ts'
import { putInForce } from './enforce.ts'
import type { PromoterMetrics } from './metrics.ts'
import { type Decided, held, overtaken, rejected } from './occurrences.ts'
import type { Point } from './points.ts'
import { type KeyState, lockKey, noteUnheard } from './store/keys.ts'
import {
  claimJudgable,
  dueModels,
  isVerdictDue,
  type ModelRecord,
  overtakeOlder,
  postpone,
  storeVerdict,
} from './store/models.ts'
import { judge } from './verdict/judge.ts'

const stateAfter = { promote: 'promoted', hold: 'held', reject: 'rejected' } as const

/** With the growing pauses between them some four minutes; then the model is held, and it is said why (I6). */
const mostTries = 8

/** How long to wait for who holds the lock on the only keys with something due. */
const lockedPauseMs = 20

type Needs = Pick<Kit, 'database' | 'blobs' | 'outbox' | 'log'> & { point(name: Point): Promise<void> }

/** One look: the verdict on the model that has waited longest. Resolves to 0 when there may be more. */
export function judgingWork(
  kit: Needs,
  metrics: PromoterMetrics,
  onHeld: () => void,
): () => Promise<number | undefined> {
  async function verdictOn(model: ModelRecord, facts: VerdictFacts): Promise<Verdict> {
    try {
      return judge(await readDocument(kit.blobs, model.document), model.policy, facts)
    } catch (error) {
      const fault = classify(error)
      if (fault.retryable || model.failures + 1 < mostTries) throw error
      return unreadable(fault)
    }
  }

  async function judgeOne(transaction: Transaction, key: KeyState, model: ModelRecord): Promise<void> {
    const facts = factsOf(key)
    const verdict = await verdictOn(model, facts)
    await kit.point('promoter.verdict.given')
    const reasons = verdict.reasons.map(({ text }) => text)
    const state = stateAfter[verdict.verdict]
    const decidedAt = await storeVerdict(transaction, model, { state, verdict, facts, reason: reasons[0] ?? '' })
    const decided = { decidedBy: 'policy', actor: null, reasons, decidedAt } as const
    await kit.outbox.append(transaction, await consequences(transaction, key, model, state, decided))
    await kit.point('promoter.verdict.said')
    transaction.afterCommit(() => {
      metrics.verdicts.inc({ verdict: verdict.verdict })
      if (state === 'held') onHeld()
    })
  }

  return async () => {
    let judged: ModelRecord | undefined
    try {
      await kit.database.transaction(async (transaction) => {
        const claimed = await claimJudgable(transaction)
        const key = claimed && (await lockKey(transaction, claimed))
        if (key === undefined) return
        // Asked again under the lock: another replica may have given it in between.
        judged = (await dueModels(transaction, key, 'evaluated'))[0]
        if (judged) await judgeOne(transaction, await knowing(transaction, key, judged), judged)
      })
    } catch (error) {
      const fault = classify(error)
      if (judged === undefined || fault.retryable) throw error
      const { run, bot, jobType } = judged
      kit.log.error({ run, bot, jobType, error: fault.message, stack: fault.stack }, 'a model cannot be judged')
      await postpone(kit.database, run)
    }
    if (judged === undefined) return (await isVerdictDue(kit.database)) ? lockedPauseMs : undefined
    await kit.point('promoter.verdict.durable')
    return 0
  }
}

/** The key as it is once the model's generation is known there. */
async function knowing(transaction: Transaction, key: KeyState, { generation }: ModelRecord): Promise<KeyState> {
  if (generation <= key.highestGeneration) return key
  await noteUnheard(transaction, key, generation)
  return (await lockKey(transaction, key)) ?? key
}

function factsOf({ fence, pin, championSequence }: KeyState): VerdictFacts {
  return { fence, pinned: pin !== null, championSequence }
}

async function consequences(
  transaction: Transaction,
  key: KeyState,
  model: ModelRecord,
  state: (typeof stateAfter)[keyof typeof stateAfter],
  decided: Decided<'policy'>,
): Promise<Occurrence[]> {
  const { cause } = model
  if (state === 'promoted') return await putInForce(transaction, key, model, decided, cause)
  if (state === 'rejected') return [rejected(model, decided, cause)]
  // A verdict that comes late, after a newer model was put in force: nobody needs to decide about this one any more.
  const late = key.champion ? await overtakeOlder(transaction, key, key.champion) : []
  const by = key.champion?.run ?? model.run
  return [held(model, decided, cause), ...late.map((older) => overtaken(older, by, decided.decidedAt, older.cause))]
}
