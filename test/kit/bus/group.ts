import { randomUUID } from 'node:crypto'
import type { Batch, OutgoingMessage, RawMessage, Subscription } from '../../../services/kit/bus/bus.ts'

export interface MemberOptions {
  readonly topics: readonly string[]
  readonly from?: Subscription['from']
  /** Called before each batch with messages takes effect; may wait, or throw. */
  readonly before?: (batch: Batch) => Promise<void>
}

/** A consumer group with its record in memory. */
export interface Group {
  readonly name: string
  /** Where it goes on, by `topic/partition`. */
  readonly record: Map<string, number>
  /** What has taken effect, in the order in which it did. */
  readonly seen: RawMessage[]
  /** What a member of it subscribes with: effect and position move together, on condition of where this member left them. */
  member(options: MemberOptions): Subscription
}

export function makeGroup(name = `group-${randomUUID().slice(0, 8)}`): Group {
  const record = new Map<string, number>()
  const seen: RawMessage[] = []

  function handledUntil(topic: string, partition: number): Date | undefined {
    const times = seen
      .filter((each) => each.topic === topic && each.partition === partition)
      .map(({ timestamp }) => timestamp)
    return times.toSorted((one, other) => other.getTime() - one.getTime())[0]
  }

  return {
    name,
    record,
    seen,
    member({ topics, from = 'beginning', before = async () => {} }) {
      const left = new Map<string, number | undefined>()
      return {
        group: name,
        topics,
        from,
        async position(topic, partition) {
          const place = `${topic}/${partition}`
          left.set(place, record.get(place))
          const offset = record.get(place)
          return offset === undefined ? undefined : { offset, handledUntil: handledUntil(topic, partition) }
        },
        async handle(batch) {
          const place = `${batch.topic}/${batch.partition}`
          if (batch.messages.length > 0) await before(batch)
          if (record.get(place) !== left.get(place)) return false
          record.set(place, batch.nextOffset)
          left.set(place, batch.nextOffset)
          seen.push(...batch.messages)
          return true
        },
      }
    },
  }
}

export const message = (topic: string, key: string, value: string): OutgoingMessage => ({
  topic,
  key: Buffer.from(key),
  headers: {},
  value: Buffer.from(value),
})

export const valuesOf = (messages: readonly RawMessage[]): string[] => messages.map(({ value }) => String(value))
