import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { openLogBus } from '../../../services/kit/bus/log.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { testDatabase } from '../../harness/database.ts'
import { busFaults } from './faults.ts'

busFaults(async (t) => {
  const database = await testDatabase(t, [])
  return {
    open() {
      const log = pino({ level: 'silent' })
      const bus = openLogBus({ database, clock: systemClock, log, pollMs: 20, batchSize: 500 })
      cleanup(t, () => bus.close())
      return bus
    },
    topic: async () => `topic-${randomUUID()}`,
  }
})
