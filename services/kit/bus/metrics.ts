/** What waits between a service and the bus, and for how long already; as it lies in the database when somebody asks. */
import { Gauge, type Registry } from 'prom-client'
import type { Queryable } from '../store/database.ts'

interface Waiting {
  readonly service: string
  readonly unsaid: number
  readonly unsaid_seconds: number
  readonly refused: number
  readonly parked: number
  readonly parked_seconds: number
}

const gauges = [
  {
    name: 'trainyard_outbox_messages',
    of: (row: Waiting) => row.unsaid,
    help: 'Messages that are not on the bus yet.',
  },
  {
    name: 'trainyard_outbox_oldest_seconds',
    of: (row: Waiting) => row.unsaid_seconds,
    help: 'Age of the oldest message that is not on the bus yet; 0 when there is none.',
  },
  {
    name: 'trainyard_outbox_refused_messages',
    of: (row: Waiting) => row.refused,
    help: 'Messages that the bus will never take: set aside until somebody mends it.',
  },
  {
    name: 'trainyard_parked_messages',
    of: (row: Waiting) => row.parked,
    help: 'Messages that failed and are tried again, and those of their keys behind them.',
  },
  {
    name: 'trainyard_parked_oldest_seconds',
    of: (row: Waiting) => row.parked_seconds,
    help: 'Age of the oldest parked message; 0 when there is none.',
  },
]

export function addBusMetrics(registry: Registry, database: Queryable, services: readonly string[]): void {
  // A scrape collects all gauges at once: one question answers them all. One that fails must not take the others along.
  let asked: Promise<Waiting[] | undefined> | undefined
  const ask = () => {
    asked ??= database
      .query<Waiting>(services.map(waitingOf).join(' union all '))
      .catch(() => undefined)
      .finally(() => {
        asked = undefined
      })
    return asked
  }
  for (const { name, help, of } of gauges) {
    new Gauge({
      name,
      help,
      labelNames: ['service'],
      registers: [registry],
      async collect() {
        this.reset()
        for (const row of (await ask()) ?? []) this.set({ service: row.service }, of(row))
      },
    })
  }
  new Gauge({
    name: 'trainyard_database_up',
    help: 'Whether the database answered this scrape; without it, what lies there is left out.',
    registers: [registry],
    async collect() {
      this.set((await ask()) === undefined ? 0 : 1)
    },
  })
}

const ageOf = (column: string) => `coalesce(extract(epoch from now() - min(${column})), 0)::double precision`

function waitingOf(service: string): string {
  return `
    select '${service}' as service, unsaid.*, refused.*, parked.*
      from (select count(*) as unsaid, ${ageOf('appended_at')} as unsaid_seconds
              from ${service}.outbox where published_at is null and refused_at is null) as unsaid,
           (select count(*) as refused from ${service}.outbox where refused_at is not null) as refused,
           (select count(*) as parked, ${ageOf('parked_at')} as parked_seconds from ${service}.parked) as parked`
}
