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
  for (const service of await servicesHere(database)) {
    const rows = await database.query<{ group: string; topic: string }>(
      `select distinct consumer_group as group, topic from ${service}.offsets order by 1, 2`,
    )
    readers.push(...rows.map((row) => ({ service, ...row })))
  }
  return readers
}

/** Where the last of its groups goes on, of each topic that any group has read; of topics with one partition. */
export async function slowestPositions(database: Queryable): Promise<ReadonlyMap<string, number>> {
  const services = await servicesHere(database)
  if (services.length === 0) return new Map()
  const all = services.map((service) => `select topic, next_offset from ${service}.offsets`)
  const rows = await database.query<{ topic: string; next_offset: number }>(
    `select topic, min(next_offset) as next_offset from (${all.join(' union all ')}) as positions group by topic`,
  )
  return new Map(rows.map(({ topic, next_offset }) => [topic, next_offset]))
}

/** Those that keep positions in this database. */
async function servicesHere(database: Queryable): Promise<ServiceName[]> {
  const rows = await database.query<{ service: ServiceName }>(
    `select service from unnest($1::text[]) with ordinality as named (service, place)
      where to_regclass(service || '.offsets') is not null order by place`,
    [serviceNames],
  )
  return rows.map(({ service }) => service)
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
