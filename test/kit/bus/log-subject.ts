import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { openLogBus } from '../../../services/kit/bus/log.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { cleanup, type Ending } from '../../harness/cleanup.ts'
import { testDatabase } from '../../harness/database.ts'

/** Clients of a log in a database of the test's own. */
export async function logSubject(t: Ending, { batchSize = 50, pollMs = 20 } = {}) {
  const database = await testDatabase(t, [])
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
