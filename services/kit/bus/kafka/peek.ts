import { randomUUID } from 'node:crypto'
import type { Admin } from 'kafkajs'
import type { Clock } from '../../clock.ts'
import type { RawMessage } from '../bus.ts'
import type { Connect } from './connect.ts'
import type { Look, Range } from './look.ts'
import { ofKafka } from './messages.ts'
import type { Names } from './names.ts'
import type { Renewed } from './renewed.ts'
import { within } from './within.ts'

export interface PeekOptions {
  readonly connect: Connect
  readonly names: Names
  readonly look: Look
  readonly admin: Renewed<Admin>
  readonly clock: Clock
}

/** An open transaction, or marks at the end of a partition, keep a reader from where the partition ends. */
const limitMs = 15_000

/**
 * The newest messages of a topic; none of one that does not exist. kafkajs reads as a member of a group only, so there
 * is one for the time of the look; it has no offsets, and nobody is in it.
 */
export async function peek(options: PeekOptions, topic: string, count: number): Promise<RawMessage[]> {
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
  const found: RawMessage[] = []
  const over = Promise.withResolvers<unknown>()
  const reached = new Set<number>()

  try {
    consumer.on(consumer.events.CRASH, ({ payload }) => over.reject(payload.error))
    consumer.on(consumer.events.GROUP_JOIN, () => {
      for (const [partition, { low }] of wanted) consumer.seek({ topic: physical, partition, offset: String(low) })
    })
    // Said of batches without anything to read in them, too.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
      if (Number(lastOffset) + 1 >= (wanted.get(partition)?.high ?? 0)) reached.add(partition)
      if ([...wanted.keys()].every((each) => reached.has(each))) over.resolve(undefined)
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [physical], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch: { partition, messages } }) => {
        for (const message of messages) found.push(ofKafka(message, topic, partition))
      },
    })
    await within(clock, limitMs, over.promise)
  } finally {
    await within(clock, limitMs, consumer.disconnect()).catch(() => {})
    cut()
    await admin.use((client) => client.deleteGroups([groupId])).catch(() => {})
  }
  return newest(found, wanted, count)
}

function newest(found: readonly RawMessage[], wanted: ReadonlyMap<number, Range>, count: number): RawMessage[] {
  return found
    .filter(({ partition, offset }) => {
      const { low, high } = wanted.get(partition) ?? { low: 0, high: 0 }
      return low <= offset && offset < high
    })
    .sort((one, other) => one.timestamp.getTime() - other.timestamp.getTime() || one.offset - other.offset)
    .slice(-count)
}
