/** Whether a request becomes a run: a pure function of the request and what became of its key's newest generation. */
import type { Digest, RunId, RunState } from '../../schemas/words.ts'

/** The newest generation of a key. `state` is null until the launcher has said anything of it. */
export type Newest = {
  readonly run: RunId
  readonly generation: number
  readonly workIdentity: Digest
  readonly state: RunState | null
}

export type Facts = {
  readonly workIdentity: Digest
  /** A person asked. */
  readonly insisted: boolean
  readonly newest: Newest | undefined
  /** Runs of this very work that failed since it last succeeded. */
  readonly failures: number
  readonly failuresPerWork: number
}

export type Decision =
  | { readonly kind: 'requested' }
  | { readonly kind: 'coalesced'; readonly run: RunId; readonly reason: string }
  | { readonly kind: 'unchanged'; readonly run: RunId; readonly reason: string }
  | { readonly kind: 'rejected'; readonly run?: RunId; readonly reason: string }

export function decide(facts: Facts): Decision {
  const { newest, insisted, failures, failuresPerWork } = facts
  const sameWork = newest !== undefined && newest.workIdentity === facts.workIdentity ? newest : undefined
  if (sameWork && isUnfinished(sameWork.state)) {
    return { kind: 'coalesced', run: sameWork.run, reason: `${named(sameWork)} is already doing this very work` }
  }
  if (insisted) return { kind: 'requested' }
  if (sameWork?.state === 'succeeded') {
    return {
      kind: 'unchanged',
      run: sameWork.run,
      reason: `same dataset and job type as ${named(sameWork)}, the newest`,
    }
  }
  if (failures >= failuresPerWork) {
    return {
      kind: 'rejected',
      reason: `this data fails: ${failures} ${failures === 1 ? 'run' : 'runs'} with this dataset and job type failed; change either, or ask for it with a reason`,
    }
  }
  return { kind: 'requested' }
}

function isUnfinished(state: RunState | null): boolean {
  return state === null || state === 'queued' || state === 'running'
}

function named({ run, generation }: Newest): string {
  return `${run} (generation ${generation})`
}
