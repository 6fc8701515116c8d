/**
 * What people decide. Each decision is made against a champion that the person has seen; if another one is in force by
 * now, nothing happens and the answer has the new facts. The very same decision once more is one whose answer was lost: it
 * has happened, and does not happen again.
 */
import type { BotId, JobTypeName, Key, RunId } from '../../schemas/words.ts'
import type { Cause } from '../kit/bus/outbox.ts'
import { badInput, conflict, notFound } from '../kit/errors.ts'
import type { Kit } from '../kit/service.ts'
import { shellWord } from '../kit/shell-word.ts'
import type { Transaction } from '../kit/store/database.ts'
import type { Decision, Rollback, Unpin } from './api.ts'
import { putInForce } from './enforce.ts'
import { ready, rejected } from './occurrences.ts'
import type { Point } from './points.ts'
import { recordDecision, wasMade } from './store/decisions.ts'
import { addChampion, earlierChampion, type KeyState, keysOf, lockKey, noteRollback, unpinKey } from './store/keys.ts'
import { endHeld, findModel, type ModelRecord } from './store/models.ts'
import { assertStored, formerChampions } from './stored.ts'

export interface People {
  approve(run: RunId, decision: Decision, origin: Cause): Promise<void>
  reject(run: RunId, decision: Decision, origin: Cause): Promise<void>
  rollback(bot: BotId, rollback: Rollback, origin: Cause): Promise<Key>
  unpin(bot: BotId, unpin: Unpin): Promise<Key>
}

type Needs = Pick<Kit, 'database' | 'blobs' | 'outbox'> & { point(name: Point): Promise<void> }

export function makePeople(kit: Needs): People {
  async function decideHeld(
    run: RunId,
    action: 'approve' | 'reject',
    { actor, reason, championSequence }: Decision,
    origin: Cause,
  ): Promise<void> {
    await kit.database.transaction(async (transaction) => {
      const { key, model } = await lockModel(transaction, run)
      const decision = { action, run, actor, reason, championSequence }
      if (await wasMade(transaction, key, decision)) return
      assertUnmoved(key, championSequence)
      assertHeld(key, model)
      if (action === 'approve') await assertStored(kit.blobs.within(transaction), key.bot, model)
      await recordDecision(transaction, key, decision)
      const by = { decidedBy: 'person', actor } as const
      const state = action === 'approve' ? 'promoted' : 'rejected'
      const decidedAt = await endHeld(transaction, model, { ...by, state, reason })
      const decided = { ...by, reasons: [reason], decidedAt }
      const cause = { ...origin, correlationId: model.cause.correlationId }
      await kit.outbox.append(
        transaction,
        action === 'approve'
          ? await putInForce(transaction, key, model, decided, cause)
          : [rejected(model, decided, cause)],
      )
      await kit.point('promoter.decision.said')
    })
    await kit.point('promoter.decision.durable')
  }

  return {
    approve: (run, decision, origin) => decideHeld(run, 'approve', decision, origin),
    reject: (run, decision, origin) => decideHeld(run, 'reject', decision, origin),

    async rollback(bot, { jobType, run, sequence, pin, actor, reason, championSequence }, origin) {
      const key = await kit.database.transaction(async (transaction) => {
        const key = await lockOne(transaction, bot, jobType)
        const target = await earlierChampion(transaction, key, { run, sequence })
        const decision = { action: 'rollback', actor, reason, championSequence } as const
        const isNamed = run !== undefined || sequence !== undefined
        if (isNamed && target === undefined) throw noTarget(key, { run, sequence })
        const named = isNamed && target ? target.run : null
        if (await wasMade(transaction, key, { ...decision, run: named })) return key
        assertUnmoved(key, championSequence)
        if (target === undefined) throw noTarget(key, {})
        if (target.run === key.champion?.run) {
          throw conflict(`the model of ${target.run} is already in force`, { details: championFacts(key) })
        }
        await assertStored(kit.blobs.within(transaction), key.bot, target)
        await recordDecision(transaction, key, { ...decision, run: target.run })
        await noteRollback(transaction, key, pin ? { actor, reason } : null)
        const next = {
          sequence: key.nextSequence,
          run: target.run,
          decidedBy: 'person',
          actor,
          reason,
        } as const
        const decidedAt = await addChampion(transaction, key, next)
        await kit.outbox.append(transaction, [ready(key, { ...target, ...next, decidedAt }, origin)])
        await kit.point('promoter.decision.said')
        return key
      })
      await kit.point('promoter.decision.durable')
      return key
    },

    async unpin(bot, { jobType, actor, reason, championSequence: seen }) {
      return await kit.database.transaction(async (transaction) => {
        const key = await lockOne(transaction, bot, jobType)
        if (seen !== undefined) assertUnmoved(key, seen)
        const { championSequence } = key
        const decision = { action: 'unpin', run: null, actor, reason, championSequence } as const
        if (await wasMade(transaction, key, decision)) return key
        if (key.pin === null) throw conflict(`${nameOf(key)} is not pinned`)
        await recordDecision(transaction, key, decision)
        await unpinKey(transaction, key)
        return key
      })
    },
  }
}

async function lockModel(transaction: Transaction, run: RunId): Promise<{ key: KeyState; model: ModelRecord }> {
  const seen = await findModel(transaction, run)
  const key = seen && (await lockKey(transaction, seen))
  const model = key && (await findModel(transaction, run))
  if (key === undefined || model === undefined) throw unknownRun(run)
  return { key, model }
}

function assertHeld(key: KeyState, { run, state, decidedBy, actor }: ModelRecord): void {
  if (state === 'held') return
  throw conflict(`the model of ${run} is ${state}: only a held model waits for a decision`, {
    details: { ...championFacts(key), state, decidedBy, actor },
  })
}

export function unknownRun(run: RunId) {
  return notFound(`no model of ${run} has been evaluated`, {
    hint: `"trainyard run ${run}" tells how far it is (GET /runs/${run}).`,
  })
}

/** The key that is meant: the only one of the bot where no job type is named. */
async function lockOne(transaction: Transaction, bot: BotId, jobType: JobTypeName | undefined): Promise<KeyState> {
  const keys = await keysOf(transaction, bot)
  const named = jobType === undefined ? keys : keys.filter((key) => key.jobType === jobType)
  const only = named[0]
  if (only === undefined) {
    const where = jobType === undefined ? '' : ` for the job type ${jobType}`
    throw notFound(`nothing is known of the bot ${bot}${where}`)
  }
  if (named.length > 1) {
    throw badInput(`the bot ${bot} has several job types: ${named.map((key) => key.jobType).join(', ')}`, {
      hint: 'Name the job type that is meant.',
    })
  }
  return (await lockKey(transaction, only)) ?? only
}

function assertUnmoved(key: KeyState, championSequence: number): void {
  if (key.championSequence === championSequence) return
  const now = key.champion
    ? `number ${key.championSequence}, of ${key.champion.run} (${key.champion.actor ?? 'policy'}: ${key.champion.reason})`
    : 'none'
  throw conflict(
    `the champion of ${nameOf(key)} has changed: the decision was made against number ${championSequence}, in force is ${now}`,
    {
      hint: `Look again ("trainyard why ${shellWord(key.bot)}", GET /keys/${encodeURIComponent(key.bot)}), then decide against that one.`,
      details: championFacts(key),
    },
  )
}

function noTarget(key: KeyState, { run, sequence }: { run?: RunId | undefined; sequence?: number | undefined }) {
  const wanted = run ?? (sequence === undefined ? undefined : `number ${sequence}`)
  return conflict(
    wanted === undefined
      ? `${nameOf(key)} has no earlier model to go back to`
      : `${wanted} was never in force for ${nameOf(key)}`,
    { hint: formerChampions(key.bot), details: championFacts(key) },
  )
}

function championFacts({ championSequence, champion }: KeyState) {
  return { championSequence, champion }
}

function nameOf({ bot, jobType }: Key): string {
  return `${bot} (${jobType})`
}
