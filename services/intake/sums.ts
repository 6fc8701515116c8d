import type { Queryable } from '../kit/store/database.ts'

/** D8: received = launched + coalesced + unchanged + rejected + deadLettered + waiting. */
export type Sums = {
  readonly received: number
  readonly launched: number
  readonly coalesced: number
  readonly unchanged: number
  readonly rejected: number
  readonly deadLettered: number
  /** Not ended, and held by a request that has not started. */
  readonly waiting: number
  readonly oldestWaitingSeconds: number
  readonly balanced: boolean
}

/**
 * The one place where the sum is taken: by the endpoint, the metrics and the tests. The counts come from the tally and the
 * waiting from the ledger and the requests, so a signal that was lost, ended twice or forgotten by its request shows.
 */
const sumsQuery = `
  with counts as (select what, sum(count)::bigint as count from intake.tally group by what),
  open as (
    select request, count(*) as count, min(received_at) as oldest from intake.signals where ended is null group by request),
  waiting as (
    select coalesce(sum(count), 0)::bigint as count, min(oldest) as oldest
      from open join intake.requests on requests.id = open.request
     where state in ('waiting', 'fetching') or (state = 'requested' and coalesce(run_state, 'queued') = 'queued')),
  sums as (
    select coalesce(sum(count) filter (where what = 'received'), 0) as received,
           coalesce(sum(count) filter (where what = 'launched'), 0) as launched,
           coalesce(sum(count) filter (where what = 'coalesced'), 0) as coalesced,
           coalesce(sum(count) filter (where what = 'unchanged'), 0) as unchanged,
           coalesce(sum(count) filter (where what = 'rejected'), 0) as rejected,
           coalesce(sum(count) filter (where what = 'deadLettered'), 0) as "deadLettered"
      from counts)
  select sums.*, waiting.count as waiting,
         coalesce(extract(epoch from now() - oldest), 0)::double precision as "oldestWaitingSeconds",
         received = launched + coalesced + unchanged + rejected + "deadLettered" + waiting.count as balanced
    from sums, waiting`

export async function readSums(database: Queryable): Promise<Sums> {
  const [sums] = await database.query<Sums>(sumsQuery)
  if (!sums) throw new Error('a query without a condition gave no row')
  return sums
}

const rowsAtOnce = 100_000

/**
 * Folds the tally's differences into one row a word. Each is in exactly one row before and after.
 * @returns whether there may be more to fold
 */
export async function foldTally(database: Queryable): Promise<boolean> {
  const [folded] = await database.query<{ rows: number }>(
    `with folded as (
       delete from intake.tally
        where ctid = any (array (select ctid from intake.tally limit ${rowsAtOnce} for update skip locked))
       returning what, count),
     sums as (insert into intake.tally (what, count) select what, sum(count) from folded group by what)
     select count(*) as rows from folded`,
  )
  return folded?.rows === rowsAtOnce
}
