/**
 * Tries parked messages again, the first of each line, with growing pauses; after the last try it goes to the dead letters
 * with its reason, and the next of its key has its turn.
 */
import { classify, messageOf } from '../errors.ts'
import type { Loop } from '../loop.ts'
import type { Transaction } from '../store/database.ts'
import type { ConsumerOptions } from './consumer.ts'
import { makeParking, type ParkedHead } from './parking.ts'

/** The first is the one that parked it. With the pauses between them a quarter of a minute. */
const mostTries = 5
export const firstPauseMs = 1_000
/** Before a failure that may pass is asked about again; it counts as no try. */
const passingPauseMs = 1_000
/** While somebody else is at the line that is due. */
const claimedPauseMs = 100
/** What this process parks is due soon; what one before it parked is found at this pace. */
const pollMs = 2_000
const deadLetterTopic = 'trainyard.dead-letters'

export function makeParkedLoop(options: ConsumerOptions): Loop {
  const { service, group, database, outbox, log, handling } = options
  const parking = makeParking(service, group)

  async function leave(head: ParkedHead, effect: (transaction: Transaction) => Promise<void>): Promise<boolean> {
    return await database.transaction(async (transaction) => {
      if (!(await parking.claim(transaction, head))) return false
      await effect(transaction)
      await parking.remove(transaction, head)
      return true
    })
  }

  async function bury(head: ParkedHead, reason: string): Promise<boolean> {
    const { message } = head
    const { topic, partition, offset } = message
    log.error({ topic, partition, offset, group, reason }, 'a message cannot be handled')
    return await leave(head, async (transaction) => {
      // A dead letter that cannot be read stays where it is: burying it again would go on for ever.
      if (topic !== deadLetterTopic) await outbox.deadLetter(transaction, [{ ...message, group, reason }])
      await handling.buried?.(transaction, message, reason)
    })
  }

  /** False when somebody else is at it. */
  async function tryAgain(head: ParkedHead): Promise<boolean> {
    try {
      const effect = await handling.prepare([head.message])
      return await leave(head, (transaction) => effect(transaction, [head.message]))
    } catch (error) {
      const reason = messageOf(error)
      const tries = head.tries + (classify(error).retryable ? 0 : 1)
      if (tries >= mostTries) return await bury(head, reason)
      const pauseMs = tries === head.tries ? passingPauseMs : firstPauseMs * 2 ** (tries - 1)
      await parking.postpone(database, head, tries, reason, pauseMs)
      return true
    }
  }

  return {
    name: `${group}.parked`,
    pollMs,
    async work() {
      const head = await parking.head(database)
      if (head === undefined || head.dueInMs > 0) return head?.dueInMs
      return (await tryAgain(head)) ? 0 : claimedPauseMs
    },
  }
}
