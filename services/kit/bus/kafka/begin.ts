import { gone, type TrainyardError } from '../../errors.ts'
import type { Position, Subscription } from '../bus.ts'
import type { Look, Range } from './look.ts'
import { farthestTimeMs } from './messages.ts'

export interface BeginOptions {
  readonly subscription: Subscription
  readonly look: Look
  /** Topics that came into being while this subscription waited for them: all of it is news. */
  readonly awaited: ReadonlySet<string>
}

/** Where to go on; or why what is on record cannot be true of this Kafka, which only a person can decide on. */
export type Beginning =
  | { readonly kind: 'at'; readonly position: Position }
  | { readonly kind: 'lost'; readonly error: TrainyardError }

/**
 * Where the group goes on in a partition, by its own record and not by Kafka's.
 *
 * A group that begins at the end begins there in all partitions at once: their ends are put on record, that of
 * partition 0 last. A partition that is missing when that one is there was added later, and is read from its beginning.
 */
export async function begin(options: BeginOptions, topic: string, partition: number): Promise<Beginning> {
  const { subscription, look, awaited } = options
  const ranges = await look.ranges(topic)
  const range = ranges.get(partition)
  if (!range) throw new Error(`Kafka does not know partition ${partition} of ${topic} yet`)
  const known = await subscription.position(topic, partition)
  if (known !== undefined) {
    if (await holds(look, topic, partition, known)) return { kind: 'at', position: known }
    return { kind: 'lost', error: lost(subscription.group, topic, partition, known.offset, range) }
  }
  if (subscription.from === 'beginning' || (await isOnRecord(0)))
    return { kind: 'at', position: { offset: range.low, handledUntil: undefined } }
  for (const [each, { low, high }] of [...ranges].sort(([one], [other]) => other - one)) {
    const nextOffset = awaited.has(topic) ? low : high
    if (!(await isOnRecord(each))) await subscription.handle({ topic, partition: each, messages: [], nextOffset })
  }
  return await begin(options, topic, partition)

  async function isOnRecord(each: number): Promise<boolean> {
    return (await subscription.position(topic, each)) !== undefined
  }
}

/** Whether a group can go on there. */
export async function holds(look: Look, topic: string, partition: number, position: Position): Promise<boolean> {
  const { handledUntil } = position
  // Asked together: a batch that came after a pause waits for both.
  const after = handledUntil && look.firstAfter(topic, partition, handledUntil)
  const [ranges] = await Promise.all([look.ranges(topic), after])
  const range = ranges.get(partition)
  return range !== undefined && (await isThere(position, range, async () => Number(await after)))
}

/**
 * The rule of it. Kafka's clients cannot tell a log from another one of its name. But whatever was handled
 * lies before the position, and is no later than the latest of it; so where even the oldest message is later, it is another.
 */
export async function isThere(
  { offset, handledUntil }: Position,
  { low, high }: Range,
  firstAfter: (time: Date) => Promise<number>,
): Promise<boolean> {
  if (offset < low || offset > high) return false
  if (handledUntil === undefined || offset === low) return true
  // It stands for every time beyond it: Kafka would find later ones, and they were handled.
  if (handledUntil.getTime() >= farthestTimeMs) return true
  return (await firstAfter(handledUntil)) > low
}

function lost(
  group: string,
  topic: string,
  partition: number,
  offset: number,
  { low, high }: { low: number; high: number },
) {
  const range = low === high ? 'nothing' : `${low} to ${high - 1}`
  return gone(
    `the group ${group} goes on at offset ${offset} of ${topic}/${partition}, and what it has read is not before it: the partition holds ${range}. Its messages were deleted before they were read, or the topic was made anew.`,
    {
      hint: `Stop the services, run \`trainyard topics reset ${topic} --group ${group} --to beginning\` (or \`--to end\`, to leave out what is there now), and start them again.`,
    },
  )
}
