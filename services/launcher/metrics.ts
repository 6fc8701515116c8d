/** What an operator watches: how much waits and runs, for how long already, and how attempts end. */
import { Counter, type Registry } from 'prom-client'
import type { AttemptOutcome } from '../../schemas/words.ts'
import { addGauge, shared } from '../kit/gauges.ts'
import type { Database } from '../kit/store/database.ts'

interface DepthRow {
  job_type: string
  queued: number
  running: number
  awaiting: number
  queued_seconds: number
  running_seconds: number
  awaiting_seconds: number
}

const states = ['queued', 'running', 'awaiting'] as const
type State = (typeof states)[number]

/** @returns what counts an attempt's end */
export function addMetrics(registry: Registry, database: Database): (outcome: AttemptOutcome) => void {
  const outcomes = new Counter({
    name: 'trainyard_launcher_attempts_total',
    help: 'Attempts that have ended, by outcome.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const depths = shared(() => readDepths(database))
  const addDepths = (name: string, help: string, of: (row: DepthRow, state: State) => number): void =>
    addGauge(registry, { name, help, labelNames: ['jobType', 'state'] }, async () =>
      (await depths()).flatMap((row) =>
        states.map((state) => ({ labels: { jobType: row.job_type, state }, value: of(row, state) })),
      ),
    )
  addDepths(
    'trainyard_launcher_runs',
    'Runs that are queued, that run, and that await their verdict.',
    (row, state) => row[state],
  )
  addDepths(
    'trainyard_launcher_oldest_run_seconds',
    'Age of the oldest run in each state; awaiting: its verdict.',
    (row, state) => row[`${state}_seconds`],
  )
  return (outcome) => outcomes.inc({ outcome })
}

function readDepths(database: Database): Promise<DepthRow[]> {
  return database.query<DepthRow>(
    `select t.job_type, count(r.run) filter (where r.state = 'queued') as queued,
            count(r.run) filter (where r.state = 'running') as running,
            count(r.run) filter (where r.state = 'succeeded') as awaiting,
            coalesce(extract(epoch from now() - min(r.waiting_since) filter (where r.state = 'queued')), 0) as queued_seconds,
            coalesce(extract(epoch from now() - min(r.started_at) filter (where r.state = 'running')), 0) as running_seconds,
            coalesce(extract(epoch from now() - min(r.ended_at) filter (where r.state = 'succeeded')), 0) as awaiting_seconds
       from launcher.job_types t
       left join launcher.runs r on r.job_type = t.job_type and (r.state = 'queued' or r.holds_key)
      group by t.job_type`,
  )
}
