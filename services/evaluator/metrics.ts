import { Histogram, type Registry } from 'prom-client'
import { addGauge } from '../kit/gauges.ts'
import type { Queryable } from '../kit/store/database.ts'

export interface EvaluatorMetrics {
  readonly seconds: Histogram
}

export function evaluatorMetrics(registry: Registry, database: Queryable): EvaluatorMetrics {
  const pending = {
    name: 'trainyard_evaluations_pending_oldest_seconds',
    help: 'Age of the oldest run that succeeded and is not evaluated yet; 0 when there is none.',
  }
  addGauge(registry, pending, async () => {
    const rows = await database.query<{ seconds: number | null }>(
      `select extract(epoch from now() - min(received_at)) as seconds from evaluator.evaluations where state = 'pending'`,
    )
    return [{ value: rows[0]?.seconds ?? 0 }]
  })
  const seconds = new Histogram({
    name: 'trainyard_evaluation_seconds',
    help: 'Time that the evaluation of one model took.',
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    registers: [registry],
  })
  return { seconds }
}
