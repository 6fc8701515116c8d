import { Counter, Gauge, type Registry } from 'prom-client'
import type { EventName } from '../../schemas/catalogue.ts'
import type { Queryable } from '../kit/store/database.ts'

export interface ConsoleMetrics {
  recorded(names: readonly EventName[]): void
}

/** Events by type as this process records them; dead letters as they lie in the database when somebody asks. */
export function makeMetrics(registry: Registry, database: Queryable): ConsoleMetrics {
  const registers = [registry]
  const events = new Counter({
    name: 'trainyard_events_total',
    help: 'Events added to the history, by type',
    labelNames: ['type'],
    registers,
  })
  const oldest = new Gauge({
    name: 'trainyard_dead_letters_oldest_seconds',
    help: 'Age of the oldest dead letter that nobody has replayed; 0 if there is none',
    registers,
  })
  new Gauge({
    name: 'trainyard_dead_letters',
    help: 'Dead letters that nobody has replayed',
    registers,
    async collect() {
      const [row] = await database.query<{ count: number; oldest_seconds: number }>(
        `select count(*), coalesce(extract(epoch from now() - min(dead_lettered_at)), 0) as oldest_seconds
           from console.dead_letters where replays = 0`,
      )
      this.set(row?.count ?? 0)
      oldest.set(row?.oldest_seconds ?? 0)
    },
  })
  return {
    recorded(names) {
      for (const type of names) events.inc({ type })
    },
  }
}
