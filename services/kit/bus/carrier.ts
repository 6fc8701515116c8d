import { conflict } from '../errors.ts'
import type { Database } from '../store/database.ts'

const named = { log: 'the embedded log', kafka: 'Apache Kafka' } as const
export type Carrier = keyof typeof named

const otherDatabase = 'or begin with another database: DATABASE_URL, or --data-dir.'

/**
 * A database belongs to what first carried its events, and on Kafka to the topics of one prefix: elsewhere the positions of
 * its consumers would be at other messages, or at none for ever.
 * @param prefix what stands before the names of the topics; empty for the log
 * @throws conflict when it belongs to another one
 */
export async function claimCarrier(database: Database, carrier: Carrier, prefix: string): Promise<void> {
  await database.execute('insert into bus.carrier (name, prefix) values ($1, $2) on conflict do nothing', [
    carrier,
    prefix,
  ])
  await database.execute('update bus.carrier set prefix = $2 where name = $1 and prefix is null', [carrier, prefix])
  await requireCarrier(database, carrier, prefix)
}

/**
 * The same for one who only looks: a database that nothing has claimed yet stays so.
 * @throws conflict when it belongs to another one
 */
export async function requireCarrier(database: Database, carrier: Carrier, prefix: string): Promise<void> {
  const [row] = await database.query<{ name: Carrier; prefix: string | null }>('select name, prefix from bus.carrier')
  if (row === undefined) return
  if (row.name !== carrier) throw otherCarrier(row.name, carrier)
  if (row.prefix !== null && row.prefix !== prefix) throw otherPrefix(row.prefix, prefix)
}

function otherCarrier(was: Carrier, is: Carrier) {
  const isKafka = is === 'kafka'
  const isSet = isKafka ? 'is set' : 'is not set'
  return conflict(`the events of this database are carried by ${named[was]}, and KAFKA_BROKERS ${isSet}`, {
    hint: `${isKafka ? 'Unset' : 'Set'} KAFKA_BROKERS, ${otherDatabase}`,
  })
}

function otherPrefix(was: string, is: string) {
  const before = was === '' ? 'without a KAFKA_PREFIX' : `with the KAFKA_PREFIX ${was}`
  const now = is === '' ? 'there is none' : `it is ${is}`
  return conflict(`the events of this database are on topics ${before}, and now ${now}`, {
    hint: `${was === '' ? 'Unset KAFKA_PREFIX' : `Set KAFKA_PREFIX to ${was}`}, ${otherDatabase}`,
  })
}
