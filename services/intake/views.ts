/** Reads for people: signals and requests as the API shows them. */
import type { BotId, Digest, JobTypeName, RunId, SignalEnd, SignalId } from '../../schemas/words.ts'
import type { Queryable } from '../kit/store/database.ts'
import type { DatasetAnswer, RequestAnswer, SignalAnswer } from './api.ts'
import { readDataset } from './dataset/stored.ts'
import { datasetUri, shown } from './fetch/sources.ts'

type SignalRow = {
  id: SignalId
  trigger: string | null
  bot: string | null
  job_type: string | null
  source: string
  event_id: string
  revision: number | null
  actor: string | null
  received_at: Date
  request: RunId | null
  request_state: string | null
  ended: SignalEnd | null
  run: RunId | null
  reason: string | null
  ended_at: Date | null
}

const signalColumns = `signals.id, trigger, signals.bot, signals.job_type, source, event_id, revision, signals.actor, received_at,
  request, coalesce(run_state, state) as request_state, ended, run, reason, ended_at`

export async function readSignal(database: Queryable, id: SignalId): Promise<SignalAnswer | undefined> {
  const [row] = await database.query<SignalRow>(
    `select ${signalColumns} from intake.signals left join intake.requests on requests.id = request where signals.id = $1`,
    [id],
  )
  return row && signalView(row)
}

export async function signalsOfBot(database: Queryable, bot: BotId, limit: number): Promise<SignalAnswer[]> {
  const rows = await database.query<SignalRow>(
    `select ${signalColumns} from intake.signals left join intake.requests on requests.id = request
      where signals.bot = $1 order by received_at desc, signals.id limit $2`,
    [bot, limit],
  )
  return rows.map(signalView)
}

function signalView(row: SignalRow): SignalAnswer {
  return {
    signal: row.id,
    trigger: row.trigger,
    bot: row.bot,
    jobType: row.job_type,
    source: row.source,
    event: row.event_id,
    revision: row.revision,
    actor: row.actor,
    receivedAt: row.received_at.toISOString(),
    request: row.request,
    requestState: row.request_state,
    end: row.ended,
    run: row.run,
    reason: row.reason,
    endedAt: row.ended_at?.toISOString() ?? null,
  }
}

type OpenRow = {
  id: RunId
  bot: BotId
  job_type: JobTypeName
  state: 'waiting' | 'fetching'
  state_since: Date
  due_at: Date
  due: boolean
  signals: number
  dataset_uri: string | null
  actor: string | null
  fetch_tries: number
  fetch_failures: number
  problem: string | null
}

/** The requests that are no run yet, oldest first. */
export async function openRequests(
  database: Queryable,
  bot: BotId | undefined,
  limit: number,
): Promise<RequestAnswer[]> {
  const rows = await database.query<OpenRow>(
    `select id, bot, job_type, state, state_since, due_at, due_at <= now() as due, signals, dataset_uri, actor, fetch_tries, fetch_failures, problem
       from intake.requests
      where state in ('waiting', 'fetching') and ($1::text is null or bot = $1) order by created_at, id limit $2`,
    [bot ?? null, limit],
  )
  return rows.map((row) => ({
    run: row.id,
    bot: row.bot,
    jobType: row.job_type,
    state: row.state,
    since: row.state_since.toISOString(),
    dueAt: row.due_at.toISOString(),
    signals: row.signals,
    dataset: row.dataset_uri === null ? null : shown(row.dataset_uri),
    actor: row.actor,
    tries: row.fetch_tries,
    failures: row.fetch_failures,
    problem: row.problem,
    reason: reasonOf(row),
  }))
}

function reasonOf(row: OpenRow): string {
  if (row.state === 'fetching') {
    return row.problem === null ? 'its dataset is fetched' : 'its dataset is fetched again, after a failure'
  }
  if (row.problem !== null) return 'it could not go on, and is tried again'
  return row.due ? 'the dataset of an earlier request is still being fetched' : 'further signals may come'
}

/** @param heldOutShare the one that the two counts at the top are for */
export async function datasetView(
  database: Queryable,
  digest: Digest,
  heldOutShare: number,
): Promise<DatasetAnswer | undefined> {
  const stored = await readDataset(database, digest)
  if (!stored) return undefined
  const split = stored.splits.find((each) => each.heldOutShare === heldOutShare) ?? stored.splits[0]
  return {
    digest,
    uri: datasetUri(digest),
    bytes: stored.bytes,
    rows: stored.rows,
    texts: stored.texts,
    intents: stored.intents,
    trainRows: split?.trainRows ?? 0,
    examRows: split?.examRows ?? 0,
    reports: [...stored.remarks, ...(split?.remarks ?? [])].map(({ message, lines }) => ({
      message,
      lines: [...lines],
    })),
    splits: stored.splits.map((each) => ({
      heldOutShare: each.heldOutShare,
      trainRows: each.trainRows,
      examRows: each.examRows,
    })),
    storedAt: stored.storedAt.toISOString(),
  }
}
