import { randomUUID } from 'node:crypto'
import type { Admin } from 'kafkajs'
import type { Clock } from '../../clock.ts'
import { unavailable } from '../../errors.ts'
import type { IfNotAll, RawMessage } from '../bus.ts'
import type { Connect } from './connect.ts'
import type { Look, Range } from './look.ts'
import { ofKafka } from './messages.ts'
import type { Names } from './names.ts'
import { newestOf } from './newest.ts'
import type { Renewed } from './renewed.ts'
import { within } from './within.ts'

export interface PeekOptions {
  readonly connect: Connect
  readonly names: Names
  readonly look: Look
  readonly admin: Renewed<Admin>
  readonly clock: Clock
}

export interface Wanted {
  readonly topic: string
  readonly count: number
  readonly ifNotAll: IfNotAll
}

/** Without anything new. An open transaction, or marks at the end of a partition, keep a reader from where the partition ends. */
const limitMs = 15_000

/**
 * The newest messages of a topic; none of one that does not exist. kafkajs reads as a member of a group only, so there is
 * one for the time of the look; it has no offsets, and nobody is in it.
 */
export async function peek(options: PeekOptions, { topic, count, ifNotAll }: Wanted): Promise<RawMessage[]> {
  const { connect, names, look, admin, clock } = options
  if (!(await look.exists(topic))) return []
  const tail = (low: number, high: number): Range => ({ low: Math.max(low, high - count), high })
  const wanted = new Map(
    [...(await look.ranges(topic))]
      .filter(([, { low, high }]) => low < high)
      .map(([partition, { low, high }]) => [partition, tail(low, high)]),
  )
  if (count < 1 || wanted.size === 0) return []

  const physical = names.topic(topic)
  const groupId = names.group(`peek.${randomUUID()}`, 'beginning')
  const { client: consumer, cut } = connect((kafka) =>
    kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 100 }),
  )
  const newest = newestOf({ topic, count, ifNotAll })
  const over = Promise.withResolvers<true>()
  // It may fail before anybody waits for it.
  over.promise.catch(() => {})
  const unread = new Map(wanted)
  let batches = 0

  function take(message: RawMessage): void {
    const { low, high } = wanted.get(message.partition) ?? { low: 0, high: 0 }
    if (low <= message.offset && message.offset < high) newest.add(message)
  }

  try {
    consumer.on(consumer.events.CRASH, ({ payload }) => over.reject(payload.error))
    consumer.on(consumer.events.GROUP_JOIN, () => {
      for (const [partition, { low }] of wanted) consumer.seek({ topic: physical, partition, offset: String(low) })
    })
    // Said of batches without anything to read in them, too. What comes behind the end is not waited for.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
      if (unread.has(partition)) batches += 1
      if (Number(lastOffset) + 1 >= (wanted.get(partition)?.high ?? 0)) unread.delete(partition)
      if (unread.size === 0) over.resolve(true)
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [physical], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch: { partition, messages } }) => {
        try {
          for (const message of messages) take(ofKafka(message, topic, partition))
        } catch (error) {
          // kafkajs would try it again.
          over.reject(error)
        }
      },
    })
    for (let before = -1; before < batches; ) {
      before = batches
      if (await within(clock, limitMs, over.promise)) break
    }
    if (unread.size > 0 && ifNotAll === 'fail')
      throw unavailable(`${physical} cannot be read to its end: nothing more of it came for ${limitMs / 1_000} s`, {
        hint: 'A broker may be slow or away, or somebody has left a transaction open there.',
      })
  } finally {
    await within(clock, limitMs, consumer.disconnect()).catch(() => {})
    cut()
    await admin.use((client) => client.deleteGroups([groupId])).catch(() => {})
  }
  return newest.all()
}
