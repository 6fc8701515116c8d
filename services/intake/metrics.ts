import type { Registry } from 'prom-client'
import { addGauge, shared } from '../kit/gauges.ts'
import type { Queryable } from '../kit/store/database.ts'
import { readSums } from './sums.ts'
import { overdue, watchedStates } from './watch.ts'

export function addMetrics(registry: Registry, database: Queryable): void {
  const sums = shared(() => readSums(database))
  addGauge(
    registry,
    {
      name: 'trainyard_signals',
      help: 'Signals by what became of them; received is all of them. Of the whole installation, from its database.',
      labelNames: ['end'],
    },
    async () => {
      const { oldestWaitingSeconds: _age, balanced: _balanced, ...counts } = await sums()
      return Object.entries(counts).map(([end, value]) => ({ labels: { end }, value }))
    },
  )
  addGauge(
    registry,
    {
      name: 'trainyard_signals_oldest_waiting_seconds',
      help: 'Age of the oldest signal without an end; 0 when there is none.',
    },
    async () => [{ value: (await sums()).oldestWaitingSeconds }],
  )
  addGauge(
    registry,
    {
      name: 'trainyard_signals_balanced',
      help: '1 when every signal is accounted for: received is the sum of the ends and the waiting ones.',
    },
    async () => [{ value: (await sums()).balanced ? 1 : 0 }],
  )
  addGauge(
    registry,
    {
      name: 'trainyard_requests_overdue',
      help: 'Requests that stay in their state for longer than its limit.',
      labelNames: ['state'],
    },
    async () => {
      const late = await overdue(database)
      const countOf = (state: string) => late.filter((row) => row.state === state).length
      return watchedStates.map((state) => ({ labels: { state }, value: countOf(state) }))
    },
  )
}
