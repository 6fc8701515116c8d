import type { Clock } from '../clock.ts'
import type { Environment } from '../environment.ts'
import type { Logger } from '../log.ts'
import type { Loop } from '../loop.ts'
import type { Database } from '../store/database.ts'
import type { Bus } from './bus.ts'
import { claimCarrier } from './carrier.ts'
import { openLogBus } from './log.ts'
import { makeLogPruning } from './retention.ts'

export interface BusOptions {
  readonly environment: Environment
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  readonly fail: (error: unknown) => void
}

export interface OpenedBus {
  readonly bus: Bus
  /** What is to be done for it again and again. */
  readonly upkeep: readonly Loop[]
}

const pollMs = 500
const batchSize = 500

/**
 * Apache Kafka where KAFKA_BROKERS says so, else the embedded log.
 * @throws what keeps a service from running on this Kafka, with the setting or the command that mends it
 */
export async function openBus(options: BusOptions): Promise<OpenedBus> {
  const { environment, database, clock, log, fail } = options
  if (environment.kafka === undefined) {
    await claimCarrier(database, 'log', '')
    return {
      bus: openLogBus({ database, clock, log, pollMs, batchSize }),
      upkeep: [makeLogPruning(database, environment.logRetentionDays)],
    }
  }
  // Loaded only here: most machines have no Kafka.
  const [{ openKafkaBus }, { requireTopics }, { readKafkaSettings }] = await Promise.all([
    import('./kafka/bus.ts'),
    import('./kafka/operate.ts'),
    import('./kafka/settings.ts'),
  ])
  await requireTopics(environment, log)
  await claimCarrier(database, 'kafka', environment.kafka.prefix)
  return { bus: openKafkaBus({ settings: readKafkaSettings(environment.kafka), clock, log, fail }), upkeep: [] }
}
