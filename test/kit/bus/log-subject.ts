import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { openLogBus } from '../../../services/kit/bus/log.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import type { ServiceDefinition } from '../../../services/kit/service.ts'
import { cleanup, type Ending } from '../../harness/cleanup.ts'
import { testDatabase } from '../../harness/database.ts'

export interface LogSubjectOptions {
  readonly batchSize?: number
  readonly pollMs?: number
  /** Services that keep positions there. */
  readonly definitions?: readonly ServiceDefinition[]
}

/** Clients of a log in a database of the test's own. */
export async function logSubject(t: Ending, { batchSize = 50, pollMs = 20, definitions = [] }: LogSubjectOptions = {}) {
  const database = await testDatabase(t, definitions)
  const log = pino({ level: 'silent' })
  return {
    database,
    open() {
      const bus = openLogBus({ database, clock: systemClock, log, pollMs, batchSize })
      cleanup(t, () => bus.close())
      return bus
    },
    topic: async () => `topic-${randomUUID()}`,
  }
}
