/** Lets consumer groups go on elsewhere: the one way out when a topic no longer holds what a group would read next. */
import type { Admin } from 'kafkajs'
import { conflict, notFound } from '../../../errors.ts'
import { counted } from '../../../figures.ts'
import type { Database } from '../../../store/database.ts'
import { findReaders, type Reader, readPositions, setPositions } from '../../positions.ts'
import { isThere } from '../begin.ts'
import { unlessUnknownTopic } from '../causes.ts'
import { firstAfter } from '../look.ts'
import type { Names } from '../names.ts'

export interface ResetRequest {
  /** `lost`: all that were to go on where their topic does not hold what they have read. */
  readonly which: Pick<Reader, 'group' | 'topic'> | 'lost'
  readonly to: 'beginning' | 'end'
}

export interface Reset extends Reader {
  readonly partitions: readonly PartitionReset[]
  /** Whether the topic does not hold, before where the group was to go on, what it has read. */
  readonly isLost: boolean
}

export interface PartitionReset {
  readonly partition: number
  /** Undefined: the group has never read it. */
  readonly recorded: number | undefined
  /** What the topic holds: from here up to, and without, there. */
  readonly low: number
  readonly high: number
  readonly next: number
}

export interface ResetNeeds {
  readonly admin: Admin
  readonly database: Database
  readonly names: Names
}

/**
 * What would be done.
 * @throws when it must not be: the group has never read the topic, or somebody reads for it right now
 */
export async function planResets(needs: ResetNeeds, { which, to }: ResetRequest): Promise<readonly Reset[]> {
  const readers = await findReaders(needs.database)
  const chosen =
    which === 'lost' ? readers : readers.filter(({ group, topic }) => group === which.group && topic === which.topic)
  if (chosen.length === 0 && which !== 'lost')
    throw notFound(`no group ${which.group} has ever read the topic ${which.topic}`, {
      hint: `There are ${readers.map(({ group, topic }) => `${group} on ${topic}`).join(', ') || 'none'}.`,
    })
  const resets: Reset[] = []
  for (const reader of chosen) {
    const reset = await planReset(needs, reader, to)
    if (reset && (which !== 'lost' || reset.isLost)) resets.push(reset)
  }
  for (const { group } of resets) await refuseWhileRead(needs, group)
  return resets
}

/** Undefined: there is no such topic any more. */
async function planReset(needs: ResetNeeds, reader: Reader, to: ResetRequest['to']): Promise<Reset | undefined> {
  const { admin, database, names } = needs
  const topic = names.topic(reader.topic)
  const offsets = await unlessUnknownTopic(admin.fetchTopicOffsets(topic))
  if (offsets === undefined) return undefined
  const recorded = await readPositions(database, reader)
  const partitions = offsets
    .map(({ partition, low, high }) => ({
      partition,
      recorded: recorded.get(partition)?.offset,
      low: Number(low),
      high: Number(high),
      next: Number(to === 'beginning' ? low : high),
    }))
    .sort((one, other) => one.partition - other.partition)
  let isLost = false
  for (const range of partitions) {
    const position = recorded.get(range.partition)
    const after = (time: Date) => firstAfter(admin, topic, range.partition, time)
    if (position && !(await isThere(position, range, after))) isLost = true
  }
  return { ...reader, partitions, isLost }
}

async function refuseWhileRead({ admin, names }: ResetNeeds, group: string): Promise<void> {
  const { groups } = await admin.describeGroups([names.group(group, 'beginning'), names.group(group, 'end')])
  const members = groups.flatMap((each) => each.members)
  if (members.length === 0) return
  throw conflict(`the group ${group} is being read for by ${counted(members.length, 'consumer')}`, {
    hint: 'Stop the services first; after a kill, Kafka waits some seconds for them.',
  })
}

export async function carryOut(database: Database, resets: readonly Reset[]): Promise<void> {
  for (const reset of resets)
    await setPositions(database, reset, new Map(reset.partitions.map(({ partition, next }) => [partition, next])))
}
