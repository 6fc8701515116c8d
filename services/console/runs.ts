/** The read model of runs: one row per run, made anew from all its events when there is news of it. */
import { conflict, notFound } from '../kit/errors.ts'
import type { Queryable, Transaction } from '../kit/store/database.ts'
import { foldRun, type RunEvent } from './run-fold.ts'
import type { RunInList, RunView } from './run-view.ts'
import type { Told } from './sentences.ts'
import type { StoredEvent } from './story.ts'
import { whereOf } from './where.ts'

/** Brings the rows of all runs that the events are about up to date. The events are in the history already. */
export async function projectRuns(transaction: Transaction, news: readonly Told[]): Promise<void> {
  const touched = new Set(news.filter(({ name }) => name !== 'signal.ended').map(({ data }) => data.run))
  if (touched.size === 0) return
  const events = await transaction.query<RunEvent>(
    "select id, type as name, data from console.events where run = any($1) and type <> 'signal.ended'",
    [[...touched]],
  )
  const views = Map.groupBy(events, ({ data }) => data.run)
    .values()
    .map(foldRun)
  await transaction.execute(
    `insert into console.runs (run, bot, job_type, state, model_state, begun_at, last_at, view)
     select run, bot, job_type, state, model_state, begun_at, last_at, view
       from jsonb_to_recordset($1) as given (run text, bot text, job_type text, state text, model_state text,
            begun_at timestamptz, last_at timestamptz, view jsonb)
     on conflict (run) do update set state = excluded.state, model_state = excluded.model_state,
        begun_at = excluded.begun_at, last_at = excluded.last_at, view = excluded.view`,
    [JSON.stringify([...views].map(rowOf))],
  )
}

function rowOf(view: RunView) {
  return {
    run: view.run,
    bot: view.bot,
    job_type: view.jobType,
    state: view.state,
    model_state: view.verdict?.state ?? (view.evaluation ? 'evaluated' : null),
    begun_at: view.begunAt,
    last_at: view.lastAt,
    view,
  }
}

export interface RunFilter {
  readonly bot?: string | undefined
  readonly jobType?: string | undefined
  readonly state?: string | undefined
  readonly held?: boolean | undefined
}

// One look at the key's champion for each run that is listed; `exists` would let PostgreSQL read all champions instead.
const columns = `view, coalesce((select champion.run = runs.run from console.champions champion
  where champion.bot = runs.bot and champion.job_type = runs.job_type), false) as in_force`

type Row = { view: RunView; in_force: boolean }
const inList = (row: Row): RunInList => ({ ...row.view, inForce: row.in_force })

/**
 * Runs from the newest to the oldest. `before` is a run: the list goes on after it.
 * @throws conflict when that run is no longer there
 */
export async function listRuns(
  database: Queryable,
  filter: RunFilter,
  limit: number,
  before?: string,
): Promise<RunInList[]> {
  const place = before === undefined ? undefined : await placeOf(database, before)
  const { where, values } = whereOf([
    ['bot = ?', filter.bot],
    ['job_type = ?', filter.jobType],
    ['state = ?', filter.state],
    ['model_state = ?', filter.held ? 'held' : undefined],
    ['(begun_at, run) < (?, ?)', place?.begun_at, place?.run],
  ])
  const rows = await database.query<Row>(
    `select ${columns} from console.runs ${where} order by begun_at desc, run desc limit $${values.length + 1}`,
    [...values, limit],
  )
  return rows.map(inList)
}

async function placeOf(database: Queryable, run: string): Promise<{ begun_at: Date; run: string }> {
  const [place] = await database.query<{ begun_at: Date; run: string }>(
    'select begun_at, run from console.runs where run = $1',
    [run],
  )
  if (!place)
    throw conflict(`the list cannot go on from ${run}: there is no such run`, { hint: 'Begin the list anew.' })
  return place
}

/** @throws notFound */
export async function findRun(database: Queryable, run: string): Promise<RunInList> {
  const [row] = await database.query<Row>(`select ${columns} from console.runs where run = $1`, [run])
  if (!row) {
    throw notFound(`there is no run ${run} in the history`, {
      hint:
        '"trainyard runs" lists what there is (GET /runs). A run appears a moment after it was requested; ' +
        '"trainyard signals SIGNAL" says why one never came to be (GET /signals/SIGNAL).',
    })
  }
  return inList(row)
}

export interface EventsOfRun {
  readonly events: StoredEvent[]
  /** How many signals name this run, by their ends; of these only the first are among the events. */
  readonly signals: Record<string, number>
}

export async function eventsOfRun(
  database: Queryable,
  run: string,
  limits: { readonly signals: number; readonly others: number },
): Promise<EventsOfRun> {
  const [own, others, signals, ends] = await Promise.all([
    database.query<StoredEvent>(
      "select id, type as name, cause, data from console.events where run = $1 and type <> 'signal.ended'",
      [run],
    ),
    database.query<StoredEvent>(
      'select id, type as name, cause, data from console.events where other_run = $1 order by position desc limit $2',
      [run, limits.others],
    ),
    database.query<StoredEvent>(
      `select id, type as name, cause, data from console.events where run = $1 and type = 'signal.ended'
        order by position limit $2`,
      [run, limits.signals],
    ),
    database.query<{ end: string; count: number }>(
      `select data ->> 'end' as end, count(*) from console.events where run = $1 and type = 'signal.ended' group by 1`,
      [run],
    ),
  ])
  return {
    events: [...own, ...others, ...signals],
    signals: Object.fromEntries(ends.map((row) => [row.end, row.count])),
  }
}
