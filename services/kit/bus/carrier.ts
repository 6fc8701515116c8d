import { conflict } from '../errors.ts'
import type { Database } from '../store/database.ts'

const named = { log: 'the embedded log', kafka: 'Apache Kafka' } as const
export type Carrier = keyof typeof named

/**
 * A database belongs to what first carried its events: on another carrier the positions of its consumers would be at
 * other messages, or at none for ever.
 * @throws conflict when it belongs to the other one
 */
export async function claimCarrier(database: Database, carrier: Carrier): Promise<void> {
  await database.execute('insert into bus.carrier (name) values ($1) on conflict do nothing', [carrier])
  const [row] = await database.query<{ name: Carrier }>('select name from bus.carrier')
  if (row === undefined || row.name === carrier) return
  const isSet = carrier === 'kafka' ? 'is set' : 'is not set'
  throw conflict(`the events of this database are carried by ${named[row.name]}, and KAFKA_BROKERS ${isSet}`, {
    hint:
      carrier === 'kafka'
        ? 'Unset KAFKA_BROKERS, or begin with another database: DATABASE_URL, or --data-dir.'
        : 'Set KAFKA_BROKERS, or begin with another database: DATABASE_URL, or --data-dir.',
  })
}
