/**
 * The port to whatever carries the events. It moves bytes in order and knows nothing of what they mean: codec,
 * transactions, bisecting and dead letters lie above it, in `outbox.ts`, `relay.ts` and `consumer.ts`.
 */

/** Text where the bytes are UTF-8 and the header occurs once; else its bytes; a list of these where it occurs more than once. */
export type HeaderValue = string | Uint8Array | readonly (string | Uint8Array)[]

export interface OutgoingMessage {
  readonly topic: string
  /** Messages of one key keep their order. */
  readonly key: Buffer | null
  readonly headers: Readonly<Record<string, HeaderValue>>
  /** Null is a tombstone: on a compacted topic the key ends. */
  readonly value: Buffer | null
}

export interface RawMessage extends OutgoingMessage {
  readonly partition: number
  readonly offset: number
  readonly timestamp: Date
}

/**
 * Messages of one partition in order; the next batch of this partition begins at `nextOffset` or later. One without any
 * messages puts on record where a group begins.
 */
export interface Batch {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly RawMessage[]
  readonly nextOffset: number
}

/** Where a group goes on. */
export interface Position {
  readonly offset: number
  /** The latest time of a message before it that the group has handled; undefined: not known. */
  readonly handledUntil: Date | undefined
}

export interface Subscription {
  readonly group: string
  readonly topics: readonly string[]
  /** Where to begin on a topic that this group has never read. */
  readonly from: 'beginning' | 'end'
  /** Where this group goes on, asked for whenever a partition becomes ours; undefined when it never read any of it. */
  position(topic: string, partition: number): Promise<Position | undefined>
  /**
   * Resolves to true when the batch's effect and the new position are durable; to false when another consumer of the
   * group is at it or was faster, and nothing happened here: the bus lets it, and asks for the position again. A
   * rejection means that it is not known to have happened: the bus asks for the position again, waits a little longer
   * each time, and delivers again.
   */
  handle(batch: Batch): Promise<boolean>
  /**
   * Asked after each batch of a partition that was handled, and before more of it is read: resolves when that is worth it.
   * Never rejects. Not a part of `handle`, so that whoever waits need not keep the batch in memory.
   */
  rest?(topic: string, partition: number): Promise<void>
}

/** One message of a publish will never be taken, as it is too large; of the others nothing is known. */
export class MessageRefused extends Error {
  /** Its place among the messages of the call. */
  readonly index: number

  constructor(index: number, reason: string) {
    super(reason)
    this.name = 'MessageRefused'
    this.index = index
  }
}

export type IfNotAll = 'fail' | 'fewer'

export interface Bus {
  /** For how long a publish that was cut off may still take effect; 0 where it is over with its process. */
  readonly publishLimitMs: number
  /**
   * Resolves when all messages are durable, or will be before anything is that follows from them; those of one key in this
   * order. After a rejection any of them may be, and before anything else is published the same ones are published again.
   * @throws MessageRefused
   */
  publish(messages: readonly OutgoingMessage[]): Promise<void>
  /**
   * The newest messages of a topic, oldest first by their time. Consumes nothing.
   * @param ifNotAll where they are more than memory bears, or do not come; without it, it fails: fewer would be taken for all that there are
   */
  peek(topic: string, count: number, ifNotAll?: IfNotAll): Promise<RawMessage[]>
  /** Once it resolves, where a group begins at the end is on record, unless the topic does not exist or the bus is away. */
  subscribe(subscription: Subscription): Promise<{ stop(): Promise<void> }>
  close(): Promise<void>
}
