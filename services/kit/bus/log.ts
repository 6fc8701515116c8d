/**
 * The embedded bus: a log table in PostgreSQL, with topics, keys, groups and offsets as on Kafka, and one partition a topic.
 *
 * Invariants:
 * - an offset is visible only after every smaller one of its topic (the topic's row is locked while offsets are given out);
 * - a subscription handles the batches of a topic one after another, and topics side by side;
 * - a publisher in this process wakes its readers, and who has read all before need not read what it published; readers in
 *   other processes find the news by polling.
 */
import { EventEmitter } from 'node:events'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Database } from '../store/database.ts'
import { backoffMs } from './backoff.ts'
import type { Batch, Bus, OutgoingMessage, RawMessage, Subscription } from './bus.ts'
import { headersOfJson, headersToJson, type JsonHeaders } from './headers.ts'

export interface LogBusOptions {
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  readonly pollMs: number
  readonly batchSize: number
}

/** What one batch may hold in memory, beside its last message. */
const batchBytes = 8 * 1024 * 1024

/** What was published while its reader waited, and is not taken yet. */
interface HandedOver {
  batch: Batch | undefined
}

interface MessageRow {
  offset: number
  key: Buffer | null
  headers: JsonHeaders
  value: Buffer | null
  published_at: Date
}

export function openLogBus(options: LogBusOptions): Bus {
  const { clock, log, pollMs, batchSize } = options
  const { keyed, loose } = options.database
  const news = new EventEmitter().setMaxListeners(0)
  const running = new Set<{ stop(): Promise<void> }>()

  async function read(topic: string, position: number): Promise<{ batch: Batch; mayBeMore: boolean } | undefined> {
    const rows = await keyed.query<MessageRow>(
      `select "offset", key, headers, value, published_at
         from (select *, sum(octet_length(value)) over (order by "offset" rows between unbounded preceding and 1 preceding) as bytes_before
                 from bus.messages where topic = $1 and "offset" >= $2 order by "offset" limit $3) as next
        where coalesce(bytes_before, 0) < $4 order by "offset"`,
      [topic, position, batchSize, batchBytes],
    )
    const last = rows.at(-1)
    if (!last) return undefined
    const bytes = rows.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
    return {
      batch: { topic, partition: 0, messages: rows.map((row) => received(topic, row)), nextOffset: last.offset + 1 },
      mayBeMore: rows.length === batchSize || bytes >= batchBytes,
    }
  }

  async function begin(subscription: Subscription, topic: string): Promise<number> {
    const known = await subscription.position(topic, 0)
    if (known !== undefined) return known.offset
    if (subscription.from === 'beginning') return 0
    const rows = await keyed.query<{ next_offset: number }>('select next_offset from bus.topics where topic = $1', [
      topic,
    ])
    const end = rows[0]?.next_offset ?? 0
    // From now on this is where the group goes on, whatever is published before it has handled anything.
    const isOurs = await subscription.handle({ topic, partition: 0, messages: [], nextOffset: end })
    return isOurs ? end : await begin(subscription, topic)
  }

  /** A function of its own, so that nothing of the batch is kept in memory until there is another one. */
  async function take(
    subscription: Subscription,
    topic: string,
    position: number,
    handedOver: HandedOver,
  ): Promise<{ position: number; isNews: boolean; mayBeMore: boolean } | 'notOurs'> {
    const published = handedOver.batch
    handedOver.batch = undefined
    const isNext = published?.messages[0]?.offset === position
    const found = published && isNext ? { batch: published, mayBeMore: false } : await read(topic, position)
    if (!found) return { position, isNews: false, mayBeMore: false }
    const { batch, mayBeMore } = found
    if (!(await subscription.handle(batch))) return 'notOurs'
    return { position: batch.nextOffset, isNews: true, mayBeMore }
  }

  /** Reads one topic for one group until stopped. */
  async function follow(subscription: Subscription, topic: string, stopping: AbortSignal): Promise<void> {
    let position: number | undefined
    let failures = 0
    const handedOver: HandedOver = { batch: undefined }
    // How often something was published, and how often before what is taken next: nothing is slept through.
    let heard = 0
    let seen = 0
    let wake = (_batch: Batch): void => {}
    const hear = (batch: Batch): void => {
      heard += 1
      wake(batch)
    }

    /** Until something is published; where it is a single batch, it is handed over. */
    async function wait(): Promise<void> {
      const woken = new AbortController()
      wake = (batch) => {
        handedOver.batch ??= batch
        woken.abort('woken')
      }
      await clock.sleep(pollMs, woken.signal, stopping)
      wake = () => {}
      if (heard !== seen + 1) handedOver.batch = undefined
      seen = heard
    }

    news.on(topic, hear)
    while (!stopping.aborted) {
      if (handedOver.batch === undefined) seen = heard
      try {
        position ??= await begin(subscription, topic)
        const taken = await take(subscription, topic, position, handedOver)
        if (taken === 'notOurs') {
          position = undefined
          await clock.sleep(pollMs, stopping)
        } else {
          position = taken.position
          if (taken.isNews) await subscription.rest?.(topic, 0)
          if (!taken.mayBeMore && heard === seen) await wait()
        }
        failures = 0
      } catch (error) {
        position = undefined
        failures += 1
        // Once an outage, not once a try.
        if (failures === 1)
          log.warn({ topic, group: subscription.group, error: messageOf(error) }, 'a batch waits and is tried again')
        await clock.sleep(backoffMs(failures), stopping)
      }
    }
    news.off(topic, hear)
  }

  return {
    // It is one statement, which ends with the process or before it.
    publishLimitMs: 0,

    async publish(messages) {
      if (messages.length === 0) return
      // Whatever follows from it, or from its having been published, is on disk only with it: it need not wait for the disk.
      // In one statement, so the topics' rows are locked for no longer than it takes; sorted, so that two publishers never
      // wait for each other in a circle.
      const rows = await loose.query<Pick<MessageRow, 'offset' | 'published_at'> & { topic: string }>(
        `with given as (
           select * from unnest($1::text[], $2::bytea[], $3::json[], $4::bytea[]) with ordinality as given (topic, key, headers, value, place)
         ), counted as (
           insert into bus.topics as topics (topic, next_offset)
           select topic, count(*) from given group by topic order by topic
           on conflict (topic) do update set next_offset = topics.next_offset + excluded.next_offset
           returning topic, next_offset
         )
         insert into bus.messages (topic, "offset", key, headers, value)
         select topic, next_offset - row_number() over (partition by topic order by place desc), key, headers, value
           from given join counted using (topic)
         returning topic, "offset", published_at`,
        [
          messages.map(({ topic }) => topic),
          messages.map(({ key }) => key),
          messages.map(({ headers }) => JSON.stringify(headersToJson(headers))),
          messages.map(({ value }) => value),
        ],
      )
      const placed = Map.groupBy(
        rows.toSorted((one, other) => one.offset - other.offset),
        ({ topic }) => topic,
      )
      for (const [topic, sent] of Map.groupBy(messages, (message) => message.topic))
        news.emit(topic, batchOf(topic, sent, placed.get(topic) ?? []))
    },

    async peek(topic, count) {
      const rows = await keyed.query<MessageRow>(
        `select "offset", key, headers, value, published_at from bus.messages where topic = $1 order by "offset" desc limit $2`,
        [topic, count],
      )
      return rows.reverse().map((row) => received(topic, row))
    },

    async subscribe(subscription) {
      const stopping = new AbortController()
      // What fails here is told, and tried again, by whoever follows the topic.
      await Promise.allSettled(subscription.topics.map((topic) => begin(subscription, topic)))
      const done = Promise.all(subscription.topics.map((topic) => follow(subscription, topic, stopping.signal)))
      const handle = {
        async stop() {
          stopping.abort()
          await done
          running.delete(handle)
        },
      }
      running.add(handle)
      return handle
    },

    async close() {
      await Promise.all([...running].map((handle) => handle.stop()))
    },
  }
}

/** What was published of a topic, as it is read: the offsets are in the order of the messages. */
function batchOf(
  topic: string,
  messages: readonly OutgoingMessage[],
  rows: readonly Pick<MessageRow, 'offset' | 'published_at'>[],
): Batch {
  const placed = messages.flatMap(({ key, headers, value }, index): RawMessage[] => {
    const row = rows[index]
    return row ? [{ topic, partition: 0, offset: row.offset, key, headers, value, timestamp: row.published_at }] : []
  })
  return { topic, partition: 0, messages: placed, nextOffset: (placed.at(-1)?.offset ?? -1) + 1 }
}

function received(topic: string, { published_at: timestamp, headers, ...row }: MessageRow): RawMessage {
  return { topic, partition: 0, ...row, headers: headersOfJson(headers), timestamp }
}
