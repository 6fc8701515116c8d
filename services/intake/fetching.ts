/**
 * Fetches the datasets of requests that name one that is not stored. One look claims one request, fetches outside any
 * transaction, and then decides the request in one.
 *
 * Invariants:
 * - a claim is a lease that its holder renews: if the holder dies, the request is claimed again when it has run out;
 * - a source that is slow or dead holds up no other: many are asked at once, and of those that wait the ones that never
 *   failed come first;
 * - who finishes must still be the last who claimed it, so a holder that was slow changes nothing;
 * - a fetch is tried a limited number of times, further apart each time; then its signals are rejected with the reason. A
 *   newer request of its key that names a dataset need not wait so long: after the first failure it takes its place.
 */
import { jobTypeOf } from '../../schemas/configuration.ts'
import type { JobType } from '../../schemas/job-type.ts'
import type { Digest } from '../../schemas/words.ts'
import { classify, type TrainyardError } from '../kit/errors.ts'
import { underLease } from '../kit/lease.ts'
import type { Kit } from '../kit/service.ts'
import type { Transaction } from '../kit/store/database.ts'
import { makeTurns } from '../kit/turns.ts'
import { digestsOf, mismatch, type Reference } from './advance.ts'
import type { DatasetStore } from './dataset/store.ts'
import { findSplits, type StoredSplit } from './dataset/stored.ts'
import { readAhead } from './fetch/read-ahead.ts'
import { openSource } from './fetch/source.ts'
import { latestDatasets, lockKeys } from './keys.ts'
import { type Request, type RequestRow, requestColumns, requestOf } from './requests.ts'
import type { Settle } from './settle.ts'

export type FetchingParts = Pick<Kit, 'configuration' | 'database' | 'clock' | 'log' | 'point'> & {
  readonly datasets: DatasetStore
  readonly settle: Settle
  /** Called when a request has left this state, or has failed in it: another of its key may have waited for that. */
  readonly wakeWaiting: () => void
}

export const fetchLimits = {
  leaseSeconds: 30,
  renewEveryMs: 10_000,
  /** Failures of the source; each next try waits longer. */
  failures: 6,
  firstBackoffSeconds: 2,
  backoffFactor: 3,
  /** After a failure of our own, as when our disk is full. */
  ownBackoffSeconds: 10,
  /** Claims, whatever became of them, but for what passed on our own side: a dataset that kills the process is not tried for ever. */
  tries: 20,
  /** So much of a dataset may come as slowly as it will before it takes one of the turns below. */
  readAheadBytes: 1024 * 1024,
  /** Datasets that are checked and divided at once: each may take hundreds of megabytes. */
  readingsAtOnce: 2,
} as const

type Claim = {
  readonly request: Request
  readonly tries: number
  /** Of the tries those that may have been the dataset's fault. */
  readonly counted: number
  readonly failures: number
}

type Outcome =
  | { readonly kind: 'stored'; readonly split: StoredSplit; readonly uri: string; readonly jobType: JobType }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryable: boolean }

/** One look; resolves to the milliseconds until the next one. */
export function makeFetching(parts: FetchingParts): (signal: AbortSignal) => Promise<number | undefined> {
  const { configuration, database, clock, datasets, settle, point, log } = parts
  const inTurn = makeTurns(fetchLimits.readingsAtOnce, Number.POSITIVE_INFINITY)

  return async function look(signal) {
    const claim = await claimOne()
    if (!claim) return await nextClaimMs()
    await point('intake.request.claimed')
    try {
      const renew = () => extend(claim, fetchLimits.leaseSeconds)
      const outcome = await underLease({ clock, renewEveryMs: fetchLimits.renewEveryMs, renew }, async () =>
        claim.counted > fetchLimits.tries ? worn(claim) : await fetchDataset(claim.request, signal),
      )
      await database.transaction((transaction) => finish(transaction, claim, outcome))
    } catch (error) {
      // What passes is not the dataset's fault and costs it no try; anything else may be.
      if (signal.aborted) await forgive(claim, 0)
      else if (classify(error).retryable) await forgive(claim, fetchLimits.ownBackoffSeconds)
      else await extend(claim, fetchLimits.firstBackoffSeconds)
      if (!signal.aborted) throw error
    }
    return 0
  }

  async function claimOne(): Promise<Claim | undefined> {
    const [row] = await database.query<
      RequestRow & { fetch_tries: number; fetch_failures: number; fetch_forgiven: number }
    >(
      `update intake.requests set fetch_tries = fetch_tries + 1, due_at = now() + $1 * interval '1 second'
        where id = (select id from intake.requests where state = 'fetching' and due_at <= now()
                     order by fetch_failures > 0, due_at limit 1 for update skip locked)
       returning ${requestColumns}, fetch_tries, fetch_failures, fetch_forgiven`,
      [fetchLimits.leaseSeconds],
    )
    if (!row) return undefined
    const { fetch_tries: tries, fetch_failures: failures, fetch_forgiven: forgiven } = row
    return { request: requestOf(row), tries, counted: tries - forgiven, failures }
  }

  async function nextClaimMs(): Promise<number | undefined> {
    const [row] = await database.query<{ due_in_ms: number | null }>(
      `select extract(epoch from min(due_at) - now()) * 1000 as due_in_ms from intake.requests where state = 'fetching'`,
    )
    return row?.due_in_ms === null || row === undefined ? undefined : Math.max(0, row.due_in_ms)
  }

  /** The claim holds for so long from now, if it is still ours. */
  async function extend({ request, tries }: Claim, seconds: number): Promise<void> {
    await database.execute(
      `update intake.requests set due_at = now() + $3 * interval '1 second' where id = $1 and state = 'fetching' and fetch_tries = $2`,
      [request.run, tries, seconds],
    )
  }

  /** The try does not count, if the claim is still ours. */
  async function forgive({ request, tries }: Claim, seconds: number): Promise<void> {
    await database.execute(
      `update intake.requests set due_at = now() + $3 * interval '1 second', fetch_forgiven = fetch_forgiven + 1
        where id = $1 and state = 'fetching' and fetch_tries = $2`,
      [request.run, tries, seconds],
    )
  }

  async function fetchDataset(request: Request, signal: AbortSignal): Promise<Outcome> {
    const jobType = jobTypeOf(configuration, request.jobType)
    if (!jobType) return failed(`there is no job type ${request.jobType} in trainyard.yaml any more`)
    const reference = request.dataset ?? (await latestDatasets(database, [request.bot])).get(request.bot)
    if (!reference) return failed(`no dataset is known of ${request.bot}`)

    const obtained = await obtain(reference, jobType.heldOutShare, signal)
    if (typeof obtained !== 'string') return obtained
    if (reference.digest !== undefined && obtained !== reference.digest) {
      return failed(mismatch(reference.uri, obtained, reference.digest))
    }
    const split = (await findSplits(database, [obtained])).get(obtained)?.get(jobType.heldOutShare)
    if (!split) throw new Error(`the dataset ${obtained} was stored and its parts cannot be found`)
    return { kind: 'stored', split, uri: reference.uri, jobType }
  }

  /** The digest of the dataset once it is stored and divided, or why it cannot be. */
  async function obtain(reference: Reference, share: number, signal: AbortSignal): Promise<Digest | Outcome> {
    const [known] = (await findSplits(database, digestsOf(reference))).keys()
    if (known) {
      await inTurn(() => datasets.divide(known, [share]))
      return known
    }
    const source = watched(() => openSource(reference.uri, configuration.datasetSources, signal))
    try {
      const ahead = await readAhead(source.bytes(), fetchLimits.readAheadBytes)
      try {
        return await inTurn(() => datasets.put(ahead.bytes(), [share]))
      } finally {
        await ahead.close()
      }
    } catch (error) {
      const failure = classify(error)
      // What went wrong on our own side, or because we are stopping, says nothing about the dataset.
      const ours = failure.retryable ? source.failure() === undefined : failure.code === 'broken'
      if (ours || signal.aborted) throw error
      return { kind: 'failed', reason: failure.message, retryable: failure.retryable }
    }
  }

  /** The transaction of the end, or of the next try. */
  async function finish(transaction: Transaction, claim: Claim, outcome: Outcome): Promise<void> {
    const { request, tries } = claim
    const keys = await lockKeys(transaction, [request])
    const mine = await transaction.query(
      `select from intake.requests where id = $1 and state = 'fetching' and fetch_tries = $2 for update`,
      [request.run, tries],
    )
    if (mine.length === 0) return
    if (outcome.kind === 'stored') {
      await settle(transaction, [{ request, ...outcome }], [], keys)
    } else if (outcome.retryable && claim.failures + 1 < fetchLimits.failures) {
      await tryLater(transaction, claim, outcome.reason)
    } else {
      log.warn({ bot: request.bot, run: request.run, reason: outcome.reason }, 'a dataset cannot be had')
      await settle(transaction, [], [{ request, end: 'rejected', run: undefined, reason: outcome.reason }], keys)
    }
    transaction.afterCommit(parts.wakeWaiting)
  }

  async function tryLater(transaction: Transaction, { request, failures }: Claim, reason: string): Promise<void> {
    const seconds = fetchLimits.firstBackoffSeconds * fetchLimits.backoffFactor ** failures
    log.info({ bot: request.bot, run: request.run, reason, seconds }, 'a dataset is fetched again later')
    await transaction.execute(
      `update intake.requests set due_at = now() + $2 * interval '1 second', fetch_failures = fetch_failures + 1, problem = $3
        where id = $1`,
      [request.run, seconds, reason],
    )
  }
}

function failed(reason: string): Outcome {
  return { kind: 'failed', reason, retryable: false }
}

function worn({ counted }: Claim): Outcome {
  return failed(`the dataset was not read to its end in ${counted - 1} tries`)
}

/** Passes a source on and keeps what it failed with, to tell its failures from ours. */
function watched(open: () => AsyncIterable<Uint8Array>) {
  let failure: TrainyardError | undefined
  return {
    async *bytes(): AsyncGenerator<Uint8Array> {
      const chunks = open()[Symbol.asyncIterator]()
      try {
        for (let next = await read(chunks); !next.done; next = await read(chunks)) yield next.value
      } finally {
        await chunks.return?.()
      }
    },
    failure: () => failure,
  }

  async function read(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    try {
      return await chunks.next()
    } catch (error) {
      failure = classify(error)
      throw error
    }
  }
}
