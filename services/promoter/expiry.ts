import type { Kit } from '../kit/service.ts'
import { rejected } from './occurrences.ts'
import type { Point } from './points.ts'
import { claimExpired, dueModels, endHeld, msUntilExpiry } from './store/models.ts'

const pollMs = 60_000
/** How long to wait for who holds the lock on the only keys with something due. */
const lockedPauseMs = 20

/** Ends held models that nobody decided about in time, and says so (I6). The limit is a row's due time, by the database's clock. */
export function expiryWork(
  kit: Pick<Kit, 'database' | 'outbox'> & { point(name: Point): Promise<void> },
): () => Promise<number | undefined> {
  return async () => {
    const ended = await kit.database.transaction(async (transaction) => {
      const key = await claimExpired(transaction)
      if (key === undefined) return false
      for (const model of await dueModels(transaction, key, 'held')) {
        const reason = `nobody decided about it within ${model.policy.heldExpiresAfterSeconds} seconds`
        const decided = { decidedBy: 'limit', actor: null } as const
        const decidedAt = await endHeld(transaction, model, { ...decided, state: 'expired', reason })
        const said = rejected(model, { ...decided, reasons: [reason], decidedAt }, model.cause)
        await kit.outbox.append(transaction, [said])
      }
      await kit.point('promoter.expiry.said')
      return true
    })
    if (ended) {
      await kit.point('promoter.expiry.durable')
      return 0
    }
    return Math.min(pollMs, Math.max(lockedPauseMs, (await msUntilExpiry(kit.database)) ?? pollMs))
  }
}
