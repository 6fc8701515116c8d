import { Gauge, type Registry } from 'prom-client'
import type { Queryable } from '../kit/store/database.ts'
import { readSums } from './sums.ts'
import { overdue } from './watch.ts'

export function addMetrics(registry: Registry, database: Queryable): void {
  const registers = [registry]
  // A scrape collects all gauges at once: one question answers the three below.
  let asked: ReturnType<typeof readSums> | undefined
  const ask = () => {
    asked ??= readSums(database).finally(() => {
      asked = undefined
    })
    return asked
  }
  new Gauge({
    name: 'trainyard_signals',
    help: 'Signals by what became of them; received is all of them. Of the whole installation, from its database.',
    labelNames: ['end'],
    registers,
    async collect() {
      const { oldestWaitingSeconds: _age, balanced: _balanced, ...counts } = await ask()
      for (const [end, count] of Object.entries(counts)) this.set({ end }, count)
    },
  })
  new Gauge({
    name: 'trainyard_signals_oldest_waiting_seconds',
    help: 'Age of the oldest signal without an end; 0 when there is none.',
    registers,
    async collect() {
      this.set((await ask()).oldestWaitingSeconds)
    },
  })
  new Gauge({
    name: 'trainyard_signals_balanced',
    help: '1 when every signal is accounted for: received is the sum of the ends and the waiting ones.',
    registers,
    async collect() {
      this.set((await ask()).balanced ? 1 : 0)
    },
  })
  new Gauge({
    name: 'trainyard_requests_overdue',
    help: 'Requests that stay in their state for longer than its limit.',
    labelNames: ['state'],
    registers,
    async collect() {
      const late = await overdue(database)
      for (const state of ['waiting', 'fetching']) this.set({ state }, late.filter((row) => row.state === state).length)
    },
  })
}
