import { Counter, Gauge, type Registry } from 'prom-client'
import type { Queryable } from '../kit/store/database.ts'

export interface PromoterMetrics {
  readonly verdicts: Counter<'verdict'>
}

export function promoterMetrics(registry: Registry, database: Queryable): PromoterMetrics {
  const count = async (text: string): Promise<number> =>
    (await database.query<{ value: number | null }>(text))[0]?.value ?? 0
  new Gauge({
    name: 'trainyard_held_models',
    help: 'Models that wait for a person to decide.',
    registers: [registry],
    async collect() {
      this.set(await count(`select count(*) as value from promoter.models where state = 'held'`))
    },
  })
  new Gauge({
    name: 'trainyard_held_oldest_seconds',
    help: 'How long the oldest of them has waited; 0 when there is none.',
    registers: [registry],
    async collect() {
      this.set(
        await count(
          `select extract(epoch from now() - min(decided_at)) as value from promoter.models where state = 'held'`,
        ),
      )
    },
  })
  new Gauge({
    name: 'trainyard_verdicts_pending_oldest_seconds',
    help: 'Age of the oldest evaluation without a verdict; 0 when there is none.',
    registers: [registry],
    async collect() {
      this.set(
        await count(
          `select extract(epoch from now() - min(received_at)) as value from promoter.models where state = 'evaluated'`,
        ),
      )
    },
  })
  const verdicts = new Counter({
    name: 'trainyard_verdicts_total',
    help: 'Verdicts given by policy.',
    labelNames: ['verdict'],
    registers: [registry],
  })
  return { verdicts }
}
