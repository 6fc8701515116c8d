/**
 * Writes what becomes of requests: a run of the next generation, or an end of all their signals without one. State, ledger
 * and news are one transaction, the caller's, which holds the rows of the keys.
 */
import { type Configuration, freeze } from '../../schemas/configuration.ts'
import { type JobType, specText } from '../../schemas/job-type.ts'
import {
  canonicalJson,
  type Digest,
  digestOf,
  nameOfKey,
  type RunId,
  type RunState,
  type SignalEnd,
} from '../../schemas/words.ts'
import type { Occurrence } from '../kit/bus/outbox.ts'
import type { Kit } from '../kit/service.ts'
import type { Statement, Transaction } from '../kit/store/database.ts'
import type { StoredSplit } from './dataset/stored.ts'
import { decide, type Newest } from './decide.ts'
import { bare } from './fetch/sources.ts'
import type { KeyState } from './keys.ts'
import { causeOf, type Request } from './requests.ts'
import { endSignals } from './signals.ts'

/** A request whose dataset is stored and divided. */
export type Ready = {
  readonly request: Request
  readonly split: StoredSplit
  readonly uri: string
  readonly jobType: JobType
}

/** A request that ends without a run of its own. */
export type Closing = {
  readonly request: Request
  readonly end: Extract<SignalEnd, 'coalesced' | 'unchanged' | 'rejected'>
  /** The run that its signals are coalesced into, or unchanged from. */
  readonly run: RunId | undefined
  readonly reason: string
}

type Granted = Ready & { readonly spec: string; readonly workIdentity: Digest; readonly generation: number }

export type Settle = (
  transaction: Transaction,
  ready: readonly Ready[],
  closing: readonly Closing[],
  keys: ReadonlyMap<string, KeyState>,
) => Promise<void>

export type SettleParts = Pick<Kit, 'configuration' | 'outbox' | 'point'>

export function makeSettle({ configuration, outbox, point }: SettleParts): Settle {
  return async (transaction, ready, closing, keys) => {
    if (ready.length + closing.length === 0) return
    const works = ready.map((item) => ({ ...item, ...workOf(configuration, item) }))
    // A key that never had a run has nothing to tell.
    const known = works.filter(({ request }) => keys.get(nameOfKey(request))?.newestRun !== undefined)
    const newest = await newestOf(transaction, known, keys)
    const failures = await failuresOf(transaction, known)

    const granted: Granted[] = []
    const refused: Ready[] = []
    const closed = [...closing]
    for (const work of works) {
      const { request, workIdentity, jobType } = work
      const decision = decide({
        workIdentity,
        insisted: request.person !== undefined,
        newest: newest.get(nameOfKey(request)),
        failures: failures.get(request.run) ?? 0,
        failuresPerWork: jobType.failuresPerWork,
      })
      if (decision.kind === 'requested')
        granted.push({ ...work, generation: (keys.get(nameOfKey(request))?.generation ?? 0) + 1 })
      else {
        refused.push(work)
        closed.push({ request, end: decision.kind, run: decision.run, reason: decision.reason })
      }
    }

    await rememberDatasets(transaction, refused)
    const requested = grant(transaction, granted, keys)
    const ended = await close(transaction, closed)
    await outbox.append(transaction, [...requested, ...ended])
    await point('intake.request.decided')
    transaction.afterCommit(() => void point('intake.request.durable'))
  }
}

/** What the work is, as far as it matters for its outcome: the same identity is the same work. */
function workOf(configuration: Configuration, { jobType, split }: Ready): { spec: string; workIdentity: Digest } {
  const spec = freeze(configuration, jobType)
  return { spec: specText(spec), workIdentity: digestOf(canonicalJson({ dataset: split.digest, spec })) }
}

async function newestOf(
  transaction: Transaction,
  ready: readonly Ready[],
  keys: ReadonlyMap<string, KeyState>,
): Promise<Map<string, Newest>> {
  const runs = ready.flatMap(({ request }) => keys.get(nameOfKey(request))?.newestRun ?? [])
  if (runs.length === 0) return new Map()
  const rows = await transaction.query<{
    id: RunId
    bot: Request['bot']
    job_type: Request['jobType']
    generation: number
    work_identity: Digest
    run_state: RunState | null
  }>('select id, bot, job_type, generation, work_identity, run_state from intake.requests where id = any($1)', [runs])
  return new Map(
    rows.map((row) => [
      nameOfKey({ bot: row.bot, jobType: row.job_type }),
      { run: row.id, generation: row.generation, workIdentity: row.work_identity, state: row.run_state },
    ]),
  )
}

/** By request: how many runs of its very work failed since that work last succeeded. */
async function failuresOf(
  transaction: Transaction,
  works: readonly (Ready & { workIdentity: Digest })[],
): Promise<Map<RunId, number>> {
  if (works.length === 0) return new Map()
  const rows = await transaction.query<{ request: RunId; failures: number }>(
    `select request, count(*) as failures
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as given (request, bot, job_type, work_identity)
       join intake.requests using (bot, job_type, work_identity)
      where run_state = 'failed' and generation > coalesce((
        select max(generation) from intake.requests succeeded
         where succeeded.bot = requests.bot and succeeded.job_type = requests.job_type
           and succeeded.work_identity = requests.work_identity and succeeded.run_state = 'succeeded'), 0)
      group by request`,
    [
      works.map(({ request }) => request.run),
      works.map(({ request }) => request.bot),
      works.map(({ request }) => request.jobType),
      works.map(({ workIdentity }) => workIdentity),
    ],
  )
  return new Map(rows.map((row) => [row.request, row.failures]))
}

/** The dataset of a key that is granted a run is remembered with that. */
async function rememberDatasets(transaction: Transaction, ready: readonly Ready[]): Promise<void> {
  if (ready.length === 0) return
  await transaction.execute(
    `update intake.keys set dataset = given.dataset, dataset_uri = given.uri, dataset_at = now()
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as given (bot, job_type, dataset, uri)
      where keys.bot = given.bot and keys.job_type = given.job_type`,
    [
      ready.map(({ request }) => request.bot),
      ready.map(({ request }) => request.jobType),
      ready.map(({ split }) => split.digest),
      ready.map(({ uri }) => uri),
    ],
  )
}

/** Nothing that follows reads it, so it goes with the commit. */
function grant(
  transaction: Transaction,
  granted: readonly Granted[],
  keys: ReadonlyMap<string, KeyState>,
): Occurrence[] {
  if (granted.length === 0) return []
  transaction.beforeCommit(() => [granting(granted)])
  return granted.map((item) => requestedOf(item, keys.get(nameOfKey(item.request))?.heldAt.getTime() ?? 0))
}

function granting(granted: readonly Granted[]): Statement {
  return {
    text: `with given as (
       select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[])
         as given (id, bot, job_type, generation, dataset, uri, work_identity)),
     counted as (
       update intake.keys set generation = given.generation, newest_run = given.id,
              dataset = given.dataset, dataset_uri = given.uri, dataset_at = now()
         from given where keys.bot = given.bot and keys.job_type = given.job_type)
     update intake.requests
        set state = 'requested', state_since = now(), generation = given.generation, dataset = given.dataset,
            work_identity = given.work_identity, problem = null
       from given where requests.id = given.id`,
    values: [
      granted.map(({ request }) => request.run),
      granted.map(({ request }) => request.bot),
      granted.map(({ request }) => request.jobType),
      granted.map(({ generation }) => generation),
      granted.map(({ split }) => split.digest),
      granted.map(({ uri }) => uri),
      granted.map(({ workIdentity }) => workIdentity),
    ],
  }
}

function requestedOf(
  { request, split, uri, jobType, spec, workIdentity, generation }: Granted,
  requestedAt: number,
): Occurrence {
  const { run, bot, person } = request
  return {
    name: 'training.requested',
    data: {
      run,
      bot,
      jobType: request.jobType,
      generation,
      dataset: { ...split, uri: bare(uri) },
      spec,
      workIdentity,
      priority: jobType.priority,
      insisted: person !== undefined,
      namesDataset: request.dataset !== undefined,
      signals: request.signals,
      reason: person?.reason ?? reasonOf(request),
      actor: person?.actor ?? null,
      requestedAt,
    },
    cause: causeOf(request),
  }
}

function reasonOf({ bot, signals }: Request): string {
  return signals.count === 1 ? `a signal of ${bot}` : `${signals.count} signals of ${bot}, taken together`
}

async function close(transaction: Transaction, closing: readonly Closing[]): Promise<Occurrence[]> {
  if (closing.length === 0) return []
  await transaction.execute(
    `update intake.requests set state = 'closed', state_since = now(), problem = given.reason
       from unnest($1::text[], $2::text[]) as given (id, reason) where requests.id = given.id`,
    [closing.map(({ request }) => request.run), closing.map(({ reason }) => reason)],
  )
  return await endSignals(
    transaction,
    closing.map(({ request, end, run, reason }) => ({
      request: request.run,
      end,
      run,
      reason,
      cause: causeOf(request),
    })),
  )
}
