/**
 * One member of a consumer group, from its connection to its end. kafkajs fetches and keeps the member alive; where a
 * partition goes on is the lanes' matter.
 *
 * States: connecting → (joined → joined anew …) → ended.
 *
 * Invariants:
 * - after every join each partition is paused until its lane knows where it goes on, and is sought to there;
 * - the loop of kafkajs, which beats the heart and fetches for all partitions, waits for a handler only for
 *   `patienceMs`: a partition that takes longer, or has to begin again, is paused, and the others go on;
 * - whatever belongs to an earlier join has no say any more.
 */
import type { EachBatchPayload } from 'kafkajs'
import type { Clock } from '../../clock.ts'
import type { Logger } from '../../log.ts'
import { makeCommits } from './commits.ts'
import type { Connect } from './connect.ts'
import type { Lane } from './lane.ts'
import { ofKafka } from './messages.ts'
import { within } from './within.ts'

export interface SessionOptions {
  readonly connect: Connect
  readonly clock: Clock
  readonly log: Logger
  readonly sessionLimitMs: number
  readonly group: string
  /** Our names by Kafka's. */
  readonly topics: ReadonlyMap<string, string>
  readonly lane: (topic: string, partition: number) => Lane
  readonly rest: (topic: string, partition: number) => Promise<void>
  readonly joined: () => void
}

export interface Session {
  /** Resolves to the reason when it is over without having been closed. */
  readonly ended: Promise<unknown>
  close(): Promise<void>
}

const patienceMs = 1_000
/** Whoever is cut off without a word is missed by the group after `sessionLimitMs`. */
const leaveLimitMs = 10_000
const partitionsAtOnce = 3
/**
 * How long a fetch waits for news, and most of what an idle member costs. Whatever was paused, at every start too, may
 * have to wait as long for the next fetch.
 */
const fetchWaitMs = 1_000
/** After this long a change of a topic's partitions is seen. */
const metadataAgeMs = 10_000
const partitionBytes = 1024 * 1024

export function openSession(options: SessionOptions): Session {
  const { connect, clock, log, sessionLimitMs, group, topics, rest, joined } = options
  const ended = Promise.withResolvers<unknown>()
  const { client: consumer, cut } = connect((kafka) =>
    kafka.consumer({
      groupId: group,
      sessionTimeout: sessionLimitMs,
      heartbeatInterval: sessionLimitMs * 0.3,
      rebalanceTimeout: 60_000,
      maxWaitTimeInMs: fetchWaitMs,
      maxBytesPerPartition: partitionBytes,
      metadataMaxAge: metadataAgeMs,
      allowAutoTopicCreation: false,
      // A new session is the one way to begin again.
      retry: { restartOnFailure: async () => false },
    }),
  )
  const commits = makeCommits(consumer, clock, log)
  let assignment = new AbortController()
  let isClosed = false
  let paused = new Set<string>()

  const placeOf = (topic: string, partition: number) => `${topic}/${partition}`
  const laneOf = (topic: string, partition: number) => options.lane(topics.get(topic) ?? topic, partition)

  /** Leaves a partition out until it is known where it goes on. */
  async function resumeAt(topic: string, partition: number, where: Promise<number | undefined>): Promise<void> {
    const { signal } = assignment
    paused.add(placeOf(topic, partition))
    consumer.pause([{ topic, partitions: [partition] }])
    const offset = await where
    if (offset === undefined || signal.aborted) return
    paused.delete(placeOf(topic, partition))
    consumer.seek({ topic, partition, offset: String(offset) })
    consumer.resume([{ topic, partitions: [partition] }])
    commits.note(topic, partition, offset)
  }

  function assigned(partitions: Readonly<Record<string, number[]>>): void {
    assignment.abort()
    // It may join after it was told to leave; then nothing of it is to be resumed.
    if (isClosed) return
    assignment = new AbortController()
    paused = new Set()
    for (const [topic, numbers] of Object.entries(partitions))
      for (const partition of numbers)
        void resumeAt(topic, partition, laneOf(topic, partition).begin(assignment.signal))
    joined()
  }

  async function eachBatch({ batch, resolveOffset }: EachBatchPayload): Promise<void> {
    const { topic: physical, partition } = batch
    const { signal } = assignment
    if (signal.aborted || paused.has(placeOf(physical, partition))) return
    const lane = laneOf(physical, partition)
    const topic = topics.get(physical) ?? physical
    const messages = batch.messages.map((message) => ofKafka(message, topic, partition))
    const lastOffset = batch.lastOffset()
    const nextOffset = Number(lastOffset) + 1
    const taking = lane.take({ topic, partition, messages, nextOffset }).then(async (isTaken) => {
      if (isTaken) await rest(topic, partition)
      return isTaken
    })
    const isTaken = await within(clock, patienceMs, taking, signal)
    if (signal.aborted) return
    if (isTaken) {
      resolveOffset(lastOffset)
      commits.note(physical, partition, nextOffset)
    } else {
      const where = taking.then((taken) => (taken ? nextOffset : lane.begin(signal)))
      void resumeAt(physical, partition, where)
    }
  }

  async function open(): Promise<void> {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => assigned(payload.memberAssignment))
    // From here on kafkajs knows no group in which a partition could be resumed.
    consumer.on(consumer.events.STOP, () => assignment.abort())
    consumer.on(consumer.events.CRASH, ({ payload }) => ended.resolve(payload.error))
    await consumer.connect()
    // Where it jumps to the beginning of a partition, the lane sees that it did.
    await consumer.subscribe({ topics: [...topics.keys()], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: partitionsAtOnce,
      eachBatch,
    })
  }

  const opened = open().catch(ended.resolve)

  async function leave(): Promise<void> {
    // Told to stop while it joins, kafkajs would join all the same, and stay.
    await opened
    await commits.flush()
    await consumer.disconnect()
  }

  return {
    ended: ended.promise,
    async close() {
      isClosed = true
      assignment.abort()
      await within(clock, leaveLimitMs, leave()).catch(() => {})
      cut()
    },
  }
}
