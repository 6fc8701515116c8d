/**
 * The requests whose quiet time is over.
 *
 * Invariant: one that cannot go on holds up no other. A look that fails is made again one request at a time; the one that
 * fails alone is put off, with the reason on record, and then all go on together again.
 */
import { classify, messageOf } from '../kit/errors.ts'
import type { Kit } from '../kit/service.ts'
import type { Advance } from './advance.ts'
import { lockKeys } from './keys.ts'
import { type DueRequest, lockDue, nextDueMs, putOff, type Request } from './requests.ts'

const requestsPerLook = 200
/** A request that is due and was passed over: another transaction holds its key, for the moment. */
const heldMs = 25
const putOffSeconds = 30

export function makeDue(
  { database, clock, log, point }: Pick<Kit, 'database' | 'clock' | 'log' | 'point'>,
  advance: Advance,
) {
  let nextLookMs = Number.POSITIVE_INFINITY
  let atOnce = requestsPerLook

  /** Takes what is due a step further; resolves to how many requests that were. */
  async function handle(): Promise<number> {
    let due: readonly DueRequest[] = []
    try {
      return await database.transaction(async (transaction) => {
        due = await lockDue(transaction, atOnce)
        if (due.length === 0) {
          atOnce = requestsPerLook
          return 0
        }
        await point('intake.request.claimed')
        await advance(transaction, due, await lockKeys(transaction, due))
        return due.length
      })
    } catch (error) {
      const [culprit] = due
      if (culprit === undefined || classify(error).retryable) throw error
      atOnce = due.length === 1 ? requestsPerLook : 1
      if (due.length === 1) await isolate(culprit, messageOf(error))
      return due.length
    }
  }

  async function isolate({ run, bot, jobType }: Request, reason: string): Promise<void> {
    log.error({ run, bot, jobType, reason, seconds: putOffSeconds }, 'a request cannot go on, and is tried again later')
    await putOff(database, run, putOffSeconds, reason)
  }

  return {
    /** One look; resolves to the milliseconds until the next one. */
    async look(): Promise<number | undefined> {
      // What is committed while we look may have been missed, so until we know better anything is too late.
      nextLookMs = Number.POSITIVE_INFINITY
      if ((await handle()) > 0) return 0
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
