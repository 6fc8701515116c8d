/**
 * The port to whatever carries the events. It moves bytes in order and knows nothing of what they mean: codec,
 * transactions, bisecting and dead letters lie above it, in `outbox.ts`, `relay.ts` and `consumer.ts`.
 */

export interface OutgoingMessage {
  readonly topic: string
  /** Messages of one key keep their order. */
  readonly key: string | null
  readonly headers: Readonly<Record<string, string>>
  /** Null is a tombstone: on a compacted topic the key ends. */
  readonly value: Buffer | null
}

export interface RawMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly headers: Readonly<Record<string, string>>
  readonly value: Buffer | null
  readonly timestamp: Date
}

/** Messages of one partition in order; the next batch of this partition begins at `nextOffset` or later. */
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
   * Resolves when the batch's effect and the new position are durable. A rejection means that nothing happened: the bus
   * asks for the position again, waits a little longer each time, and delivers again.
   */
  handle(batch: Batch): Promise<void>
}

export interface Bus {
  /** Resolves when all messages are durable, in this order; after a rejection any prefix of them may be. */
  publish(messages: readonly OutgoingMessage[]): Promise<void>
  subscribe(subscription: Subscription): Promise<{ stop(): Promise<void> }>
  close(): Promise<void>
}
