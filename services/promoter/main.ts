/** The promoter: gives the verdict on each evaluated model, and decides which model is in force, with people's word above its own. */
import { runServices } from '../kit/run.ts'
import type { ServiceDefinition } from '../kit/service.ts'
import { makeConsumer } from './consumer.ts'
import { expiryWork } from './expiry.ts'
import { judgingWork } from './judging.ts'
import { promoterMetrics } from './metrics.ts'
import { makePeople } from './people.ts'
import { recallChampions } from './recall.ts'
import { addRoutes } from './routes.ts'

const pollMs = 1_000
const expiryPollMs = 60_000

export const promoter: ServiceDefinition = {
  name: 'promoter',
  migrations: new URL('./migrations/', import.meta.url),
  build(kit) {
    const metrics = promoterMetrics(kit.metrics, kit.database)
    const expiry = kit.loop('expiry', expiryPollMs, expiryWork(kit))
    const verdicts = kit.loop(
      'verdicts',
      pollMs,
      judgingWork(kit, metrics, () => expiry.wake()),
    )
    return {
      routes: (app) => addRoutes(app, kit, makePeople(kit)),
      recall: recallChampions(kit),
      consumers: [makeConsumer(kit, () => verdicts.wake())],
      loops: [verdicts, expiry],
    }
  },
}

if (import.meta.main) await runServices([promoter])
