import type { Kit } from '../kit/service.ts'
import type { Advance } from './advance.ts'
import { lockKeys } from './keys.ts'
import { lockDue, nextDueMs } from './requests.ts'

const requestsPerLook = 200
/** A request that is due and was passed over: another transaction holds its key, for the moment. */
const heldMs = 25

/** The requests whose quiet time is over. */
export function makeDue({ database, clock, point }: Pick<Kit, 'database' | 'clock' | 'point'>, advance: Advance) {
  let nextLookMs = Number.POSITIVE_INFINITY

  return {
    /** One look; resolves to the milliseconds until the next one. */
    async look(): Promise<number | undefined> {
      // What is committed while we look may have been missed, so until we know better anything is too late.
      nextLookMs = Number.POSITIVE_INFINITY
      const handled = await database.transaction(async (transaction) => {
        const requests = await lockDue(transaction, requestsPerLook)
        if (requests.length === 0) return 0
        await point('intake.request.claimed')
        await advance(transaction, requests, await lockKeys(transaction, requests))
        return requests.length
      })
      if (handled > 0) return 0
      const dueInMs = await nextDueMs(database)
      if (dueInMs === undefined) return undefined
      const waitMs = Math.max(heldMs, dueInMs)
      nextLookMs = clock.monotonicMs() + waitMs
      return waitMs
    },

    /** Whether something that is due so soon would be looked at too late: signals that only put off what is there wake nobody. */
    isTooLate: (milliseconds: number): boolean => clock.monotonicMs() + milliseconds < nextLookMs,
  }
}
