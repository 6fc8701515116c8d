/** What a person does with the cluster by hand, and what a start asks of it: from the environment alone. */
import type { Admin } from 'kafkajs'
import { systemClock } from '../../clock.ts'
import type { Environment } from '../../environment.ts'
import { badInput } from '../../errors.ts'
import { makeLifecycle } from '../../lifecycle.ts'
import type { Logger } from '../../log.ts'
import type { Database } from '../../store/database.ts'
import { openStore } from '../../store/open.ts'
import { requireCarrier } from '../carrier.ts'
import { withAdmin } from './admin.ts'
import type { KafkaEnvironment } from './environment.ts'
import { makeNames } from './names.ts'
import { readKafkaSettings } from './settings.ts'
import type { Difference } from './topics/differences.ts'
import { carryOut, planResets, type Reset, type ResetRequest } from './topics/reset.ts'
import { findDifferences, type LeftOver, mendTopics, verifyTopics } from './topics/topics.ts'
import { type WantedTopic, wantedTopics } from './topics/wanted.ts'

export function planTopics(environment: Environment, log: Logger): Promise<readonly Difference[]> {
  return onCluster(environment, log, findDifferences)
}

/** @returns what was found, and what of it is left */
export function applyTopics(
  environment: Environment,
  log: Logger,
  options: { readonly addPartitions: boolean },
): Promise<{ readonly found: readonly Difference[]; readonly left: readonly LeftOver[] }> {
  return onCluster(environment, log, async (admin, wanted) => {
    const found = await findDifferences(admin, wanted)
    return { found, left: await mendTopics(admin, found, { ...options, clock: systemClock }) }
  })
}

/** @throws broken with every difference in it when a service must not run on these topics */
export function requireTopics(environment: Environment, log: Logger): Promise<void> {
  return onCluster(environment, log, verifyTopics)
}

export function resetPositions(
  environment: Environment,
  log: Logger,
  request: ResetRequest,
  { dryRun }: { readonly dryRun: boolean },
): Promise<readonly Reset[]> {
  return onCluster(environment, log, (admin, _, { prefix }) =>
    withDatabase(environment, log, async (database) => {
      // Under another prefix every position would be at a topic of somebody else's, and all of them lost.
      await requireCarrier(database, 'kafka', prefix)
      const names = makeNames(prefix)
      const resets = await planResets({ admin, database, names }, request)
      if (!dryRun) await carryOut(database, resets)
      return resets
    }),
  )
}

async function onCluster<T>(
  { kafka }: Environment,
  log: Logger,
  work: (admin: Admin, wanted: readonly WantedTopic[], kafka: KafkaEnvironment) => Promise<T>,
): Promise<T> {
  if (kafka === undefined)
    throw badInput(
      'KAFKA_BROKERS is not set: without Kafka there is a log in PostgreSQL, and no topics to look after',
      {
        hint: 'Set KAFKA_BROKERS.',
      },
    )
  const wanted = wantedTopics({
    prefix: kafka.prefix,
    partitions: kafka.topicPartitions,
    replication: kafka.topicReplication,
    deadLetterBytes: kafka.deadLetterBytes,
  })
  return await withAdmin(readKafkaSettings(kafka), log, (admin) => work(admin, wanted, kafka))
}

async function withDatabase<T>(
  environment: Environment,
  log: Logger,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { stopLimitMs } = environment
  const lifecycle = makeLifecycle({ clock: systemClock, log, stopLimitMs, exit: (code) => process.exit(code) })
  try {
    return await work(await openStore(environment, lifecycle, log))
  } finally {
    await lifecycle.stop()
  }
}
