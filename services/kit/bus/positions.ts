/** Where the consumer groups go on, as `consumer.ts` records it, for whoever has to look at it or set it by hand. */
import { type ServiceName, serviceNames } from '../service.ts'
import type { Database, Queryable } from '../store/database.ts'
import type { Position } from './bus.ts'

/** A group on a topic that it has read, and the service whose database schema says how far. */
export interface Reader {
  readonly service: ServiceName
  readonly group: string
  readonly topic: string
}

/** Next offsets by partition. */
export type Positions = ReadonlyMap<number, number>

/** In the order of services, groups and topics. */
export async function findReaders(database: Queryable): Promise<readonly Reader[]> {
  const readers: Reader[] = []
  for (const service of serviceNames) {
    const [table] = await database.query<{ is_there: boolean }>('select to_regclass($1) is not null as is_there', [
      `${service}.offsets`,
    ])
    if (!table?.is_there) continue
    const rows = await database.query<{ group: string; topic: string }>(
      `select distinct consumer_group as group, topic from ${service}.offsets order by 1, 2`,
    )
    readers.push(...rows.map((row) => ({ service, ...row })))
  }
  return readers
}

/** By partition. */
export async function readPositions(
  database: Queryable,
  { service, group, topic }: Reader,
): Promise<ReadonlyMap<number, Position>> {
  const rows = await database.query<{ partition: number; next_offset: number; handled_until: Date | null }>(
    `select partition, next_offset, handled_until from ${service}.offsets
      where consumer_group = $1 and topic = $2 order by partition`,
    [group, topic],
  )
  return new Map(
    rows.map((row) => [row.partition, { offset: row.next_offset, handledUntil: row.handled_until ?? undefined }]),
  )
}

/** Those of the topic's other partitions are forgotten. Only while nobody reads for the group. */
export async function setPositions(
  database: Database,
  { service, group, topic }: Reader,
  positions: Positions,
): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.execute(`delete from ${service}.offsets where consumer_group = $1 and topic = $2`, [group, topic])
    await transaction.execute(
      `insert into ${service}.offsets (consumer_group, topic, partition, next_offset)
       select $1, $2, * from unnest($3::integer[], $4::bigint[])`,
      [group, topic, [...positions.keys()], [...positions.values()]],
    )
  })
}
