/** The evaluator: marks a model's exam, compares it with the champion, and says what follows from it (D9). */
import { runServices } from '../kit/run.ts'
import type { ServiceDefinition } from '../kit/service.ts'
import { evaluatorMetrics } from './metrics.ts'
import { record } from './pending.ts'
import type { Point } from './points.ts'
import { evaluationWork } from './work.ts'

const pollMs = 1_000
/** Of runs that have only begun there is nothing to do. */
const gatherMs = 100

export const evaluator: ServiceDefinition = {
  name: 'evaluator',
  migrations: new URL('./migrations/', import.meta.url),
  build(kit) {
    const point = (name: Point) => kit.point(name)
    const metrics = evaluatorMetrics(kit.metrics, kit.database)
    const evaluations = kit.loop('evaluations', pollMs, evaluationWork(kit, metrics))
    return {
      consumers: [
        {
          kind: 'events',
          group: 'evaluator',
          topics: ['trainyard.runs'],
          gatherMs,
          urgent: ['run.succeeded'],
          async handle(transaction, events) {
            if ((await record(transaction, events)) === 0) return
            await point('evaluator.run.recorded')
            transaction.afterCommit(() => evaluations.wake())
          },
        },
      ],
      loops: [evaluations],
    }
  },
}

if (import.meta.main) await runServices([evaluator])
