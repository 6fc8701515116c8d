import { Counter, type Registry } from 'prom-client'
import type { EventName } from '../../schemas/catalogue.ts'
import { addGauge, shared } from '../kit/gauges.ts'
import type { Queryable } from '../kit/store/database.ts'

export interface ConsoleMetrics {
  recorded(names: readonly EventName[]): void
}

/** Events by type as this process records them; dead letters as they lie in the database when somebody asks. */
export function makeMetrics(registry: Registry, database: Queryable): ConsoleMetrics {
  const events = new Counter({
    name: 'trainyard_events_total',
    help: 'Events added to the history, by type',
    labelNames: ['type'],
    registers: [registry],
  })
  const unreplayed = shared(async () => {
    const [row] = await database.query<{ count: number; oldest_seconds: number }>(
      `select count(*), coalesce(extract(epoch from now() - min(dead_lettered_at)), 0) as oldest_seconds
         from console.dead_letters where replays = 0`,
    )
    return { count: row?.count ?? 0, oldestSeconds: row?.oldest_seconds ?? 0 }
  })
  addGauge(registry, { name: 'trainyard_dead_letters', help: 'Dead letters that nobody has replayed' }, async () => [
    { value: (await unreplayed()).count },
  ])
  addGauge(
    registry,
    {
      name: 'trainyard_dead_letters_oldest_seconds',
      help: 'Age of the oldest dead letter that nobody has replayed; 0 if there is none',
    },
    async () => [{ value: (await unreplayed()).oldestSeconds }],
  )
  return {
    recorded(names) {
      for (const type of names) events.inc({ type })
    },
  }
}
