import { gone, type TrainyardError } from '../../errors.ts'
import type { Subscription } from '../bus.ts'
import type { Look } from './look.ts'

export interface BeginOptions {
  readonly subscription: Subscription
  readonly look: Look
  /** Topics that were gone while we looked: what was recorded of them before is of another log. */
  readonly remade: ReadonlySet<string>
}

/** Where to go on; or why what is on record cannot be true of this Kafka, which only a person can decide on. */
export type Beginning =
  | { readonly kind: 'at'; readonly offset: number }
  | { readonly kind: 'lost'; readonly error: TrainyardError }

/**
 * Where the group goes on in a partition, by its own record and not by Kafka's.
 *
 * A group that begins at the end begins there in all partitions at once: their ends are put on record, that of
 * partition 0 last. A partition that is missing when that one is there was added later, and is read from its beginning.
 */
export async function begin(options: BeginOptions, topic: string, partition: number): Promise<Beginning> {
  const { subscription, look, remade } = options
  const ranges = await look.ranges(topic)
  const range = ranges.get(partition)
  if (!range) throw new Error(`Kafka does not know partition ${partition} of ${topic} yet`)
  const known = await subscription.position(topic, partition)
  if (known !== undefined) {
    const isThere = range.low <= known && known <= range.high && !(remade.has(topic) && known > 0)
    if (isThere) return { kind: 'at', offset: known }
    return { kind: 'lost', error: lost(subscription.group, topic, partition, known, range) }
  }
  if (subscription.from === 'beginning' || (await isOnRecord(0))) return { kind: 'at', offset: range.low }
  for (const [each, { high }] of [...ranges].sort(([one], [other]) => other - one))
    if (!(await isOnRecord(each))) await subscription.handle({ topic, partition: each, messages: [], nextOffset: high })
  return await begin(options, topic, partition)

  async function isOnRecord(each: number): Promise<boolean> {
    return (await subscription.position(topic, each)) !== undefined
  }
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
    `the group ${group} goes on at offset ${offset} of ${topic}/${partition}, and that is not there: the partition holds ${range}. Its messages were deleted before they were read, or the topic was made anew.`,
    {
      hint: `Stop the services, run \`trainyard topics reset ${topic} --group ${group} --to beginning\` (or \`--to end\`, to leave out what is there now), and start them again.`,
    },
  )
}
