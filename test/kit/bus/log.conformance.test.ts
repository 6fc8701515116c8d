import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { openLogBus } from '../../../services/kit/bus/log.ts'
import { systemClock } from '../../../services/kit/clock.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { testDatabase } from '../../harness/database.ts'
import { busConformance } from './conformance.ts'

busConformance(async (t) => {
  const database = await testDatabase(t, [])
  const log = pino({ level: 'silent' })
  return {
    open() {
      const bus = openLogBus({ database, clock: systemClock, log, pollMs: 20, batchSize: 50 })
      cleanup(t, () => bus.close())
      return bus
    },
    topic: async () => `topic-${randomUUID()}`,
  }
})
