/** What a call to the cluster may end with, each decided once from whatever the client throws. */
export type Failure =
  /** Of this name there is one already. */
  | { kind: 'exists'; message: string }
  /** It has changed, or is another object, since we looked. */
  | { kind: 'conflict'; message: string }
  | { kind: 'absent'; message: string }
  /** The place in the history from which we wanted to go on is no longer kept. */
  | { kind: 'gone'; message: string }
  /** The missing right, where the cluster named it: `create jobs.batch in the namespace "ml"`. */
  | { kind: 'forbidden'; message: string; right: string | undefined }
  /** We are not known there: the credentials are wrong or have expired. */
  | { kind: 'unauthorized'; message: string }
  /** The namespace's quota is used up; it fits once something else has ended. */
  | { kind: 'quota'; message: string }
  /** Told to come again later. */
  | { kind: 'throttled'; message: string; retryAfterMs: number | undefined }
  /** Understood and refused: the same again is refused again. */
  | { kind: 'invalid'; message: string }
  /** It certainly did not take effect, or nothing was to be changed. */
  | { kind: 'unreachable'; message: string }
  /** A write whose answer was lost: it may have taken effect. */
  | { kind: 'unknownOutcome'; message: string }

export class KubernetesError extends Error {
  readonly failure: Failure

  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, cause === undefined ? {} : { cause })
    this.name = 'KubernetesError'
    this.failure = failure
  }
}
