/**
 * What every consumer does above the bus: moves the group's next offset in the transaction of the effect, and finds the
 * culprit of a batch that fails.
 *
 * Invariants:
 * - effect and offset are one transaction, conditional on the offset being where we left it: a batch that is delivered
 *   twice, or to a consumer that no longer owns the partition, changes nothing; nor, but for the very first, does one
 *   wait for another;
 * - a message that cannot be handled holds up nothing but its own key: it is parked, and `parked.ts` sees to it;
 * - a failure that may pass (the database is away) is never held against a message.
 */
import type { Clock } from '../clock.ts'
import { classify, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Database, Transaction } from '../store/database.ts'
import type { Batch, RawMessage, Subscription } from './bus.ts'
import type { Outbox } from './outbox.ts'
import { firstPauseMs } from './parked.ts'
import { makeParking } from './parking.ts'

/** Handles messages in a transaction: those that it was prepared for, or as many of them as are left. */
export type Handle = (transaction: Transaction, messages: readonly RawMessage[]) => Promise<void>

/** What a consumer does with messages. */
export interface Handling {
  /** Before the transaction: the place for what takes others to answer. It may be asked for the same messages again. */
  prepare(messages: readonly RawMessage[]): Promise<Handle>
  /** Whether somebody waits for what this message leads to, so that no pause is made after it. */
  isUrgent?(message: RawMessage): boolean
  /** In the transaction that dead-letters a message which failed at every try. */
  buried?(transaction: Transaction, message: RawMessage, reason: string): Promise<void>
}

export interface ConsumerOptions {
  readonly service: string
  readonly group: string
  readonly topics: readonly string[]
  readonly from: 'beginning' | 'end'
  /** How long nothing more is taken of a partition after a small batch, so that the next one is larger. */
  readonly gatherMs: number
  /** The same after a batch that is not so small. */
  readonly busyGatherMs?: number | undefined
  readonly database: Database
  readonly outbox: Outbox
  readonly clock: Clock
  readonly log: Logger
  readonly point: (name: string) => Promise<void>
  readonly handling: Handling
}

/** So many are worth a transaction of their own. */
const gathered = 100
/** So many tell that there is more than anybody follows. */
const busy = 5

interface Moved {
  /** Whether messages lie parked which others may have to join. */
  readonly any_parked: boolean
}

export function makeSubscription(options: ConsumerOptions): Subscription {
  const { service, group, gatherMs, busyGatherMs = gatherMs, database, clock, log, point, handling } = options
  const parking = makeParking(service, group)
  const positions = new Map<string, number | undefined>()
  const pauses = new Map<string, number>()
  const placeOf = (topic: string, partition: number) => `${topic}/${partition}`
  // Of this group and topic; whoever parks a message of a partition moves its offset, too.
  const anyParked = `exists (select from ${service}.parked_lines where consumer_group = $1 and topic = $2) as any_parked`

  /** Undefined when the offset is not where this consumer left it, or another one is moving it right now. */
  async function move(transaction: Transaction, batch: Batch): Promise<Moved | undefined> {
    const { topic, partition, messages, nextOffset } = batch
    const from = positions.get(placeOf(topic, partition))
    // Somebody else has handled these since they were fetched, and the position was asked for again meanwhile; a batch
    // without messages only says where to begin.
    if (from !== undefined && (messages.length === 0 || messages.some(({ offset }) => offset < from))) return undefined
    const until =
      messages.length === 0 ? null : new Date(Math.max(...messages.map(({ timestamp }) => timestamp.getTime())))
    const place = [group, topic, partition, nextOffset, until]
    const [moved] =
      from === undefined
        ? await transaction.query<Moved>(
            `insert into ${service}.offsets (consumer_group, topic, partition, next_offset, handled_until) values ($1, $2, $3, $4, $5)
             on conflict do nothing returning ${anyParked}`,
            place,
          )
        : await transaction.query<Moved>(
            `update ${service}.offsets set next_offset = $4, handled_until = greatest(handled_until, $5), moved_at = now()
              where (consumer_group, topic, partition) in (
                select consumer_group, topic, partition from ${service}.offsets
                 where consumer_group = $1 and topic = $2 and partition = $3 and next_offset = $6 for update skip locked)
             returning ${anyParked}`,
            [...place, from],
          )
    return moved
  }

  async function inOneTransaction(
    batch: Batch,
    effect: (transaction: Transaction, moved: Moved) => Promise<void>,
  ): Promise<boolean> {
    const ours = await database.transaction(async (transaction) => {
      const moved = await move(transaction, batch)
      if (moved) await effect(transaction, moved)
      return moved !== undefined
    })
    if (!ours) return false
    positions.set(placeOf(batch.topic, batch.partition), batch.nextOffset)
    await point(`${group}.handled`)
    return true
  }

  async function handle(batch: Batch): Promise<boolean> {
    const { messages } = batch
    const [first] = messages
    if (!first) return await inOneTransaction(batch, async () => {})
    try {
      const effect = await handling.prepare(messages)
      return await inOneTransaction(batch, async (transaction, { any_parked }) => {
        const passing = any_parked ? await parking.letPass(transaction, messages) : messages
        if (passing.length > 0) await effect(transaction, passing)
      })
    } catch (error) {
      if (classify(error).retryable) throw error
      return messages.length === 1 ? await park(batch, first, messageOf(error)) : await handleHalves(batch)
    }
  }

  async function handleHalves(batch: Batch): Promise<boolean> {
    const { messages } = batch
    const middle = Math.ceil(messages.length / 2)
    const nextOffset = messages[middle]?.offset ?? batch.nextOffset
    return (
      (await handle({ ...batch, messages: messages.slice(0, middle), nextOffset })) &&
      (await handle({ ...batch, messages: messages.slice(middle) }))
    )
  }

  async function park(batch: Batch, message: RawMessage, reason: string): Promise<boolean> {
    const { topic, partition, offset } = message
    log.warn({ topic, partition, offset, group, reason }, 'a message cannot be handled, and is tried again')
    return await inOneTransaction(batch, (transaction) => parking.park(transaction, message, reason, firstPauseMs))
  }

  return {
    group,
    topics: options.topics,
    from: options.from,
    async position(topic, partition) {
      const rows = await database.query<{ next_offset: number; handled_until: Date | null }>(
        `select next_offset, handled_until from ${service}.offsets where consumer_group = $1 and topic = $2 and partition = $3`,
        [group, topic, partition],
      )
      const [row] = rows
      positions.set(placeOf(topic, partition), row?.next_offset)
      return row && { offset: row.next_offset, handledUntil: row.handled_until ?? undefined }
    },
    async handle(batch) {
      const { topic, partition, messages } = batch
      const isHurried = messages.length >= gathered || messages.some((message) => handling.isUrgent?.(message))
      pauses.set(placeOf(topic, partition), isHurried ? 0 : messages.length < busy ? gatherMs : busyGatherMs)
      return await handle(batch)
    },
    async rest(topic, partition) {
      const pauseMs = pauses.get(placeOf(topic, partition)) ?? 0
      if (pauseMs > 0) await clock.sleep(pauseMs)
    },
  }
}
