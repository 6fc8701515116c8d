/** Looks after what should not be: requests that stay too long in a state are told of (I6), and the tally is folded. */
import { Gauge, type Registry } from 'prom-client'
import type { Kit } from '../kit/service.ts'
import type { Queryable } from '../kit/store/database.ts'
import { foldTally, readSums } from './sums.ts'

/** How long a request may be overdue in its state, in seconds. Fetching ends by itself: see `fetchLimits`. */
export const overdueSeconds = { waiting: 600, fetching: 1_800 } as const

type OverdueRow = { id: string; bot: string; job_type: string; state: 'waiting' | 'fetching'; seconds: number }

async function overdue(database: Queryable): Promise<OverdueRow[]> {
  return await database.query<OverdueRow>(
    `select id, bot, job_type, state, extract(epoch from now() - case state when 'waiting' then due_at else state_since end) as seconds
       from intake.requests
      where (state = 'waiting' and due_at < now() - $1 * interval '1 second')
         or (state = 'fetching' and state_since < now() - $2 * interval '1 second')
      order by seconds desc limit 1000`,
    [overdueSeconds.waiting, overdueSeconds.fetching],
  )
}

/** Each is told once by this process; the metric goes on telling. */
export function makeWatch({ database, log }: Pick<Kit, 'database' | 'log'>): () => Promise<undefined> {
  let told: ReadonlySet<string> = new Set()
  return async () => {
    await foldTally(database)
    const late = await overdue(database)
    for (const { id, bot, job_type: jobType, state, seconds } of late) {
      if (told.has(id)) continue
      log.warn(
        { run: id, bot, jobType, state, seconds: Math.round(seconds) },
        'a request stays in its state for too long',
      )
    }
    told = new Set(late.map(({ id }) => id))
    return undefined
  }
}

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
