/**
 * What the launcher learns from the bus: requests (they enter the queue), verdicts (they free their key), champions (they
 * sit the next exam). Only rows change here, up to the start of what a slot is free for; the loops do the work, woken after
 * the commit.
 *
 * The three topics are not ordered to each other, so each fact is taken from whichever event tells it first: a promotion
 * says who is champion before `model.ready` does, and `model.ready` says a verdict before the promotion does. A champion
 * replaces only one of a smaller sequence number.
 */

import { canonicalJson, digestOf, distinctKeys, type Key, nameOfKey, type RunId } from '../../schemas/words.ts'
import type { ReceivedEvent } from '../kit/bus/events.ts'
import type { Outbox } from '../kit/bus/outbox.ts'
import type { EventConsumer } from '../kit/service.ts'
import type { Queryable, Transaction } from '../kit/store/database.ts'
import { type Arrival, admitBatch, type Changes, type KeyLine } from './admit-batch.ts'
import type { Champion } from './facts.ts'
import type { Subject } from './occurrences.ts'
import type { Point } from './points.ts'
import { stopRuns } from './transitions.ts'

export interface ConsumerNeeds {
  readonly outbox: Outbox
  point(name: Point): Promise<void>
  /**
   * Starts what can start, with the rest of the batch in one transaction; resolves to how many runs.
   * @param entering what was asked last, and need not have been answered
   */
  start(transaction: Transaction, entering: Promise<unknown>): Promise<number>
  /** Called after the commit: there may be something to start, or to stop. */
  wake(): void
}

export function makeConsumer({ outbox, point, start, wake }: ConsumerNeeds): EventConsumer {
  return {
    kind: 'events',
    group: 'launcher',
    topics: ['trainyard.requests', 'trainyard.promotions', 'trainyard.champions'],
    async handle(transaction, events) {
      const told = events.filter(concernsUs)
      if (told.length === 0) return
      const requests = told.filter((event) => event.name === 'training.requested')
      // Asked together, and answered in this order: the second looks behind the lock.
      const [keys, active] = await Promise.all([
        lockKeys(
          transaction,
          told.map(({ data }) => data),
        ),
        readActive(
          transaction,
          requests.map(({ data }) => data),
        ),
      ])
      const changes = changesOf(keys, active, requests)
      // Whoever leaves the queue leaves before another enters: one waits per key (I2).
      await changeQueued(transaction, changes)
      await stopRuns(transaction, changes.stops)
      await outbox.append(transaction, changes.said)
      await freeKeys(
        transaction,
        told.flatMap((event) => (event.name === 'training.requested' ? [] : [event.data.run])),
      )
      await noteSpent(
        transaction,
        told.filter(tellsEnd).map(({ data }) => data.run),
      )
      await noteChampions(transaction, told.filter(tellsChampion))
      await point('launcher.consumer.changed')
      const started = await start(transaction, enter(transaction, changes))
      const isAllStarted = requests.length === told.length && started === requests.length
      if (!isAllStarted) transaction.afterCommit(wake)
    },
  }
}

type ToldName = 'training.requested' | 'model.held' | EndName | ChampionName
type EndName = 'model.rejected' | 'model.overtaken'
type ChampionName = 'model.promoted' | 'model.ready'

function concernsUs(event: ReceivedEvent): event is ReceivedEvent<ToldName> {
  return event.name === 'training.requested' || (event.name.startsWith('model.') && event.name !== 'model.evaluated')
}

function tellsEnd(event: ReceivedEvent): event is ReceivedEvent<EndName> {
  return event.name === 'model.rejected' || event.name === 'model.overtaken'
}

function tellsChampion(event: ReceivedEvent): event is ReceivedEvent<ChampionName> {
  return event.name === 'model.promoted' || event.name === 'model.ready'
}

interface KeyRow {
  bot: Key['bot']
  job_type: Key['jobType']
  newest_generation: number
  stopped_in_a_row: number
  now: Date
}

/** Locks the rows of the keys in their order, and makes those that are missing. */
async function lockKeys(transaction: Transaction, keys: readonly Key[]): Promise<KeyRow[]> {
  const distinct = distinctKeys(keys)
  return transaction.query<KeyRow>(
    `insert into launcher.keys as k (bot, job_type)
     select bot, job_type from unnest($1::text[], $2::text[]) as named (bot, job_type) order by bot, job_type
     on conflict (bot, job_type) do update set newest_generation = k.newest_generation
     returning bot, job_type, newest_generation, stopped_in_a_row, now() as now`,
    [distinct.map(({ bot }) => bot), distinct.map(({ jobType }) => jobType)],
  )
}

function changesOf(
  keys: readonly KeyRow[],
  active: readonly ActiveRow[],
  requests: readonly ReceivedEvent<'training.requested'>[],
): Changes {
  // Without a key there is no request that it would be the time of.
  const now = keys[0]?.now ?? new Date(Number.NaN)
  return admitBatch(linesOf(keys, active), requests, now.getTime())
}

interface ActiveRow extends Omit<Subject, 'jobType'> {
  job_type: Key['jobType']
  state: 'queued' | 'running'
  priority: number
  insisted: boolean
  names_dataset: boolean
  waiting_since: Date
  progress: number
  stoppable: boolean
}

/** The run of each key that waits, and the one that is trained. */
async function readActive(database: Queryable, keys: readonly Key[]): Promise<ActiveRow[]> {
  if (keys.length === 0) return []
  const distinct = distinctKeys(keys)
  return await database.query<ActiveRow>(
    `select r.run, r.bot, r.job_type, r.generation, r.cause, r.state, r.priority, r.insisted, r.names_dataset,
            r.waiting_since, coalesce(a.progress, 0) as progress,
            r.stop is null and not coalesce(a.committed, false) as stoppable
       from unnest($1::text[], $2::text[]) as key (bot, job_type)
       join lateral (
         select * from launcher.runs where bot = key.bot and job_type = key.job_type and state = 'queued'
         union all
         select * from launcher.runs where bot = key.bot and job_type = key.job_type and holds_key and state = 'running'
       ) r on true
       left join lateral (
         select max(progress) filter (where state <> 'ended') as progress, bool_or(outcome = 'done') as committed
           from launcher.attempts where run = r.run and kind = 'train') a on r.state = 'running'`,
    [distinct.map(({ bot }) => bot), distinct.map(({ jobType }) => jobType)],
  )
}

function linesOf(keys: readonly KeyRow[], active: readonly ActiveRow[]): KeyLine[] {
  const byKey = Map.groupBy(active, (row) => nameOfKey({ bot: row.bot, jobType: row.job_type }))
  return keys.map(({ bot, job_type: jobType, newest_generation, stopped_in_a_row }) => {
    const of = byKey.get(nameOfKey({ bot, jobType })) ?? []
    const queued = of.find(({ state }) => state === 'queued')
    const running = of.find(({ state }) => state === 'running')
    return {
      key: { bot, jobType },
      queued: queued ? { ...queued, jobType } : null,
      line: {
        newestGeneration: newest_generation,
        stoppedInARow: stopped_in_a_row,
        queued: queued
          ? { ...queued, namesDataset: queued.names_dataset, waitingSinceMs: queued.waiting_since.getTime() }
          : null,
        running: running ?? null,
      },
    }
  })
}

async function changeQueued(database: Queryable, { ended, raised }: Changes): Promise<void> {
  if (ended.length > 0)
    await database.execute(
      `update launcher.runs r set state = 'superseded', stop = e.stop, ended_at = now()
       from unnest($1::text[], $2::jsonb[]) as e (run, stop) where r.run = e.run`,
      [ended.map(({ run }) => run), ended.map(({ stop }) => JSON.stringify(stop))],
    )
  if (raised.length > 0)
    await database.execute(
      `update launcher.runs r set priority = u.priority, insisted = u.insisted
       from unnest($1::text[], $2::integer[], $3::boolean[]) as u (run, priority, insisted) where r.run = u.run`,
      [raised.map(({ run }) => run), raised.map(({ priority }) => priority), raised.map(({ insisted }) => insisted)],
    )
}

/** Asked together. */
async function enter(database: Queryable, { arrivals, lines }: Changes): Promise<void> {
  if (arrivals.length === 0) return
  await Promise.all([insertRuns(database, arrivals), writeLines(database, lines)])
}

async function insertRuns(database: Queryable, arrivals: readonly Arrival[]): Promise<void> {
  const rows = arrivals.map(({ event, spec, request, end }) => ({
    run: request.run,
    bot: event.data.bot,
    job_type: event.data.jobType,
    generation: request.generation,
    state: end ? 'superseded' : 'queued',
    dataset: event.data.dataset,
    spec,
    work_identity: event.data.workIdentity,
    program: digestOf(canonicalJson(spec.program)),
    cause: event.cause,
    names_dataset: request.namesDataset,
    priority: request.priority,
    insisted: request.insisted,
    waiting_ms: request.waitingSinceMs,
    stop: end,
  }))
  await database.execute(
    `insert into launcher.runs (run, bot, job_type, generation, state, dataset, spec, work_identity, program, cause,
                                names_dataset, priority, insisted, waiting_since, stop, ended_at)
     select run, bot, job_type, generation, state, dataset, spec, work_identity, program, cause,
            names_dataset, priority, insisted, to_timestamp(waiting_ms / 1000.0),
            nullif(stop, 'null'::jsonb), case when state = 'superseded' then now() end
       from jsonb_to_recordset($1::jsonb) as r (
         run text, bot text, job_type text, generation bigint, state text, dataset jsonb, spec jsonb, work_identity text,
         program text, cause jsonb, names_dataset boolean, priority integer, insisted boolean, waiting_ms bigint, stop jsonb)`,
    [JSON.stringify(rows)],
  )
}

async function writeLines(database: Queryable, lines: readonly KeyLine[]): Promise<void> {
  await database.execute(
    `update launcher.keys k set newest_generation = l.generation, stopped_in_a_row = l.stopped
       from unnest($1::text[], $2::text[], $3::bigint[], $4::integer[]) as l (bot, job_type, generation, stopped)
      where k.bot = l.bot and k.job_type = l.job_type`,
    [
      lines.map(({ key }) => key.bot),
      lines.map(({ key }) => key.jobType),
      lines.map(({ line }) => line.newestGeneration),
      lines.map(({ line }) => line.stoppedInARow),
    ],
  )
}

/** A verdict of whatever kind: the next run of the key may start, now or as soon as this one has ended. */
async function freeKeys(database: Queryable, runs: readonly RunId[]): Promise<void> {
  if (runs.length === 0) return
  await database.execute(
    `insert into launcher.early_verdicts (run)
     select distinct run from unnest($1::text[]) as judged (run)
      where not exists (
        select from launcher.runs r where r.run = judged.run and r.state not in ('queued', 'running'))
     on conflict do nothing`,
    [runs],
  )
  await database.execute(
    `update launcher.runs set holds_key = false, verdict_due_at = null
      where run in (
        select run from launcher.runs where run = any($1) and state = 'succeeded' and holds_key order by run for update)`,
    [runs],
  )
}

/** These models will never be in force: what they hold can go when its time has come. */
async function noteSpent(database: Queryable, runs: readonly RunId[]): Promise<void> {
  if (runs.length === 0) return
  await database.execute(
    `update launcher.runs set spent_at = now()
      where run in (select run from launcher.runs where run = any($1) and spent_at is null order by run for update)`,
    [runs],
  )
}

async function noteChampions(database: Queryable, events: readonly ReceivedEvent<ChampionName>[]): Promise<void> {
  const newest = new Map<string, { key: Key; champion: Champion }>()
  for (const { data } of events) {
    const { run, sequence, model, bot, jobType } = data
    if (sequence > (newest.get(nameOfKey(data))?.champion.sequence ?? 0)) {
      newest.set(nameOfKey(data), { key: { bot, jobType }, champion: { run, sequence, model } })
    }
  }
  if (newest.size === 0) return
  // After a restore of the promoter's database its verdict may be another one: what is in force is not spent.
  await database.execute(
    `update launcher.runs set spent_at = null
      where run in (select run from launcher.runs where run = any($1) and spent_at is not null order by run for update)`,
    [events.map(({ data }) => data.run)],
  )
  const rows = [...newest.values()]
  await database.execute(
    `update launcher.keys k set champion = n.champion, champion_sequence = n.sequence
       from unnest($1::text[], $2::text[], $3::bigint[], $4::jsonb[]) as n (bot, job_type, sequence, champion)
      where k.bot = n.bot and k.job_type = n.job_type and k.champion_sequence < n.sequence`,
    [
      rows.map(({ key }) => key.bot),
      rows.map(({ key }) => key.jobType),
      rows.map(({ champion }) => champion.sequence),
      rows.map(({ champion }) => JSON.stringify(champion)),
    ],
  )
}
