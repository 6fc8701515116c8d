/**
 * The next step of requests that are due: decided now if their dataset is stored, else to be fetched, or ended if there is
 * no use in trying. In the caller's transaction, which holds the rows of their keys; none of a key is being fetched, but for
 * one that is overtaken.
 */
import { type Configuration, jobTypeOf } from '../../schemas/configuration.ts'
import type { JobType } from '../../schemas/job-type.ts'
import type { Digest } from '../../schemas/words.ts'
import type { Kit } from '../kit/service.ts'
import type { Transaction } from '../kit/store/database.ts'
import { findSplits, type StoredSplit } from './dataset/stored.ts'
import { locate, shown } from './fetch/sources.ts'
import { type KeyState, latestDatasets } from './keys.ts'
import { type DueRequest, inheritPerson, overtakenBy, type Request } from './requests.ts'
import type { Closing, Ready, Settle } from './settle.ts'

export type Advance = (
  transaction: Transaction,
  requests: readonly DueRequest[],
  keys: ReadonlyMap<string, KeyState>,
  /** Of datasets that were looked for before. */
  known?: Splits,
) => Promise<void>

export type AdvanceParts = Pick<Kit, 'configuration'> & {
  readonly settle: Settle
  /** Called after a commit that left something to fetch. */
  readonly wakeFetching: () => void
}

/** Stored datasets, each with its splits by share. */
type Splits = ReadonlyMap<Digest, ReadonlyMap<number, StoredSplit>>

/** The dataset that a request is about: its own, or the newest that is known of its bot. */
export type Reference = { readonly uri: string; readonly digest: Digest | undefined }

export type Step =
  | { readonly kind: 'decide'; readonly split: StoredSplit; readonly uri: string; readonly jobType: JobType }
  | { readonly kind: 'fetch' }
  | { readonly kind: 'reject'; readonly reason: string }

export function makeAdvance({ configuration, settle, wakeFetching }: AdvanceParts): Advance {
  return async (transaction, requests, keys, known = new Map()) => {
    if (requests.length === 0) return
    const nameless = requests.filter(({ dataset }) => !dataset).map(({ bot }) => bot)
    const latest = await latestDatasets(transaction, nameless)
    const references = new Map(requests.map((request) => [request.run, request.dataset ?? latest.get(request.bot)]))
    const digests = [...references.values()].flatMap((reference) => (reference ? digestsOf(reference) : []))
    const others = await findSplits(
      transaction,
      digests.filter((digest) => !known.has(digest)),
    )
    const found = new Map([...known, ...others])

    const ready: Ready[] = []
    const closing: Closing[] = []
    const fetching: Request[] = []
    const steps = requests.map((due) => ({ due, step: nextStep(due, references.get(due.run), found, configuration) }))
    const overtaking = steps.filter(({ due, step }) => due.overtakes && step.kind !== 'reject')
    const overtaken = await overtakenBy(
      transaction,
      overtaking.map(({ due }) => due),
    )
    for (const { due, step } of steps) {
      const older = overtaken.get(due.run)
      const request = older === undefined ? due : await inheritPerson(transaction, due, older.request)
      if (older !== undefined) closing.push(replaced(older.request, due, older.problem))
      if (step.kind === 'decide') ready.push({ request, ...step })
      else if (step.kind === 'fetch') fetching.push(request)
      else closing.push({ request, end: 'rejected', run: undefined, reason: step.reason })
    }
    await settle(transaction, ready, closing, keys)
    if (fetching.length > 0) {
      await beginFetching(transaction, fetching)
      transaction.afterCommit(wakeFetching)
    }
  }
}

function replaced(older: Request, { run }: Request, problem: string): Closing {
  const reason = `its dataset could not be had (${problem}), and ${run} came after it and names one`
  return { request: older, end: 'coalesced', run, reason }
}

/** Pure. */
function nextStep(
  request: Pick<Request, 'bot' | 'jobType'>,
  reference: Reference | undefined,
  found: Splits,
  configuration: Configuration,
): Step {
  const jobType = jobTypeOf(configuration, request.jobType)
  if (!jobType) return { kind: 'reject', reason: `there is no job type ${request.jobType} in trainyard.yaml any more` }
  if (!reference) {
    return { kind: 'reject', reason: `no dataset is known of ${request.bot}: name one, or publish an event that does` }
  }
  const { uri, digest: hint } = reference
  const location = locate(uri, configuration.datasetSources)
  if (location.kind === 'stored' && hint !== undefined && hint !== location.digest) {
    return { kind: 'reject', reason: mismatch(uri, location.digest, hint) }
  }
  const digest = location.kind === 'stored' ? location.digest : hint
  const splits = digest === undefined ? undefined : found.get(digest)
  const split = splits?.get(jobType.heldOutShare)
  if (split) return { kind: 'decide', split, uri, jobType }
  // Stored, and to be divided by another share.
  if (splits) return { kind: 'fetch' }
  if (location.kind === 'stored') {
    const reason = `the dataset ${location.digest} is not stored here: add it first, with "trainyard datasets add" (POST /datasets)`
    return { kind: 'reject', reason }
  }
  return location.kind === 'refused' ? { kind: 'reject', reason: location.reason } : { kind: 'fetch' }
}

/** The digests under which the dataset may be stored already. */
export function digestsOf({ uri, digest }: Reference): Digest[] {
  const location = locate(uri, [])
  return [...(digest === undefined ? [] : [digest]), ...(location.kind === 'stored' ? [location.digest] : [])]
}

export function mismatch(uri: string, digest: Digest, expected: Digest): string {
  return `the dataset ${shown(uri)} has the digest ${digest}, and the event says ${expected}`
}

async function beginFetching(transaction: Transaction, requests: readonly Request[]): Promise<void> {
  await transaction.execute(
    `update intake.requests set state = 'fetching', state_since = now(), due_at = now(), problem = null
      where id = any($1) and state = 'waiting'`,
    [requests.map(({ run }) => run)],
  )
}
