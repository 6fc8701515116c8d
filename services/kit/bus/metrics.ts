/** What waits between a service and the bus, and for how long already; as it lies in the database when somebody asks. */
import type { Registry } from 'prom-client'
import { addGauge, shared } from '../gauges.ts'
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
  const ask = shared(() => database.query<Waiting>(services.map(waitingOf).join(' union all ')))
  for (const { of, ...facts } of gauges)
    addGauge(registry, { ...facts, labelNames: ['service'] }, async () =>
      (await ask()).map((row) => ({ labels: { service: row.service }, value: of(row) })),
    )
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
