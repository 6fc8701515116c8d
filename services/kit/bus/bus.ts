/**
 * The port to whatever carries the events. It moves bytes in order and knows nothing of what they mean: codec,
 * transactions, bisecting and dead letters lie above it, in `outbox.ts`, `relay.ts` and `consumer.ts`.
 */

export interface OutgoingMessage {
  readonly topic: string
  /** Messages of one key keep their order. */
  readonly key: Buffer | null
  readonly headers: Readonly<Record<string, string>>
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

export interface Subscription {
  readonly group: string
  readonly topics: readonly string[]
  /** Where to begin on a topic that this group has never read. */
  readonly from: 'beginning' | 'end'
  /** Where this group goes on, asked for whenever a partition becomes ours; undefined when it never read any of it. */
  position(topic: string, partition: number): Promise<number | undefined>
  /**
   * Resolves to true when the batch's effect and the new position are durable; to false when another consumer of the
   * group is at it or was faster, and nothing happened here: the bus lets it, and asks for the position again. A
   * rejection means that it is not known to have happened: the bus asks for the position again, waits a little longer
   * each time, and delivers again.
   */
  handle(batch: Batch): Promise<boolean>
}

export interface Bus {
  /** Resolves when all messages are durable, in this order; after a rejection any prefix of them may be. */
  publish(messages: readonly OutgoingMessage[]): Promise<void>
  subscribe(subscription: Subscription): Promise<{ stop(): Promise<void> }>
  close(): Promise<void>
}
