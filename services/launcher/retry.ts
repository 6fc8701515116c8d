/** Whether ended attempts are followed by another, and when. Pure. */
import { createHash } from 'node:crypto'
import type { JobTypeSpec } from '../../schemas/job-type.ts'
import type { AttemptOutcome } from '../../schemas/words.ts'
import type { AttemptFacts } from './facts.ts'

export type Continuation =
  | { readonly kind: 'again'; readonly atMs: number }
  | { readonly kind: 'giveUp'; readonly outcome: AttemptOutcome; readonly reason: string }

/**
 * - Bad input and bad output: another try would give the same, so none.
 * - Resumable, or stopped by somebody who was not us (a node that is drained): at once, costs no retry, up to a limit. But after
 *   a second one in a row that never began, as on a node that takes pods and refuses them, after a back-off.
 * - Crashed, lost, past its deadline: costs a retry, after a back-off that doubles.
 */
export function retry(
  ended: readonly AttemptFacts[],
  retries: JobTypeSpec['retries'],
  longestBackoffMs: number,
): Continuation {
  const last = ended.at(-1)
  if (!last?.outcome) return { kind: 'again', atMs: 0 }
  const { outcome } = last
  const reason = last.reason ?? outcome
  const endedMs = last.endedMs ?? 0
  const backoffMs = (times: number, name: string) =>
    Math.round(Math.min(longestBackoffMs, retries.backoffSeconds * 1000 * 2 ** (times - 1)) * jitterOf(name))

  switch (outcome) {
    case 'done':
    case 'badInput':
    case 'badOutput':
      return { kind: 'giveUp', outcome, reason }
    case 'resumable':
    case 'stopped': {
      const resumes = ended.filter((attempt) => attempt.outcome === 'resumable' || attempt.outcome === 'stopped').length
      if (resumes <= retries.resumeLimit) {
        const inVain = ended.length - 1 - ended.findLastIndex((attempt) => !stoppedUnbegun(attempt))
        return { kind: 'again', atMs: endedMs + (inVain < 2 ? 0 : backoffMs(inVain - 1, last.name)) }
      }
      return {
        kind: 'giveUp',
        outcome,
        reason: `it stopped ${resumes} times to be resumed, and ${retries.resumeLimit} are allowed; the last time: ${reason}`,
      }
    }
    case 'crashed':
    case 'lost':
    case 'deadline': {
      const failures = ended.filter((attempt) => costsARetry(attempt.outcome)).length
      if (failures > retries.limit) {
        const used = retries.limit === 1 ? '1 retry was used' : `${retries.limit} retries were used`
        const tries = retries.limit === 0 ? 'no retry is allowed' : used
        return { kind: 'giveUp', outcome, reason: `${reason.replace(/\.$/, '')} (${tries})` }
      }
      return { kind: 'again', atMs: endedMs + backoffMs(failures, last.name) }
    }
  }
}

function costsARetry(outcome: AttemptOutcome | null): boolean {
  return outcome === 'crashed' || outcome === 'lost' || outcome === 'deadline'
}

function stoppedUnbegun({ outcome, claimedMs }: AttemptFacts): boolean {
  return outcome === 'stopped' && claimedMs === null
}

/** Between a half and one, from the name: spread over the attempts, and the same however often one looks. */
function jitterOf(name: string): number {
  return 0.5 + createHash('sha256').update(name).digest().readUInt32BE() / 2 ** 33
}
