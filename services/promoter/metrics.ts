import { Counter, type Registry } from 'prom-client'
import { addGauge } from '../kit/gauges.ts'
import type { Queryable } from '../kit/store/database.ts'

export interface PromoterMetrics {
  readonly verdicts: Counter<'verdict'>
}

export function promoterMetrics(registry: Registry, database: Queryable): PromoterMetrics {
  const add = (name: string, help: string, text: string): void =>
    addGauge(registry, { name, help }, async () => {
      const rows = await database.query<{ value: number | null }>(text)
      return [{ value: rows[0]?.value ?? 0 }]
    })
  add(
    'trainyard_held_models',
    'Models that wait for a person to decide.',
    `select count(*) as value from promoter.models where state = 'held'`,
  )
  add(
    'trainyard_held_oldest_seconds',
    'How long the oldest of them has waited; 0 when there is none.',
    `select extract(epoch from now() - min(decided_at)) as value from promoter.models where state = 'held'`,
  )
  add(
    'trainyard_verdicts_pending_oldest_seconds',
    'Age of the oldest evaluation without a verdict; 0 when there is none.',
    `select extract(epoch from now() - min(received_at)) as value from promoter.models where state = 'evaluated'`,
  )
  const verdicts = new Counter({
    name: 'trainyard_verdicts_total',
    help: 'Verdicts given by policy.',
    labelNames: ['verdict'],
    registers: [registry],
  })
  return { verdicts }
}
