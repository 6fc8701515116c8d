/**
 * What can go wrong between a runner and the run API, by what the runner does about it. How a *program* ends is no
 * error: see `ending.ts`.
 */

/** No answer, or one that says "later": the same call is made again until there is no time left. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

/** The attempt is another's or has ended: everything is dropped, and nothing is told to anybody (D13). */
export class NotOurs extends Error {
  override readonly name = 'NotOurs'
  /** What the answer said beside its message. */
  readonly details: unknown

  constructor(message: string, details?: unknown) {
    super(message)
    this.details = details
  }
}

/** A final no to this one call. */
export class Rejected extends Error {
  override readonly name = 'Rejected'
}

/** What the program left behind can't be taken: files of a forbidden kind, or content that the launcher rejects. */
export class BadOutput extends Error {
  override readonly name = 'BadOutput'
}

/** The work was cut short by a stop, or by the end of the time that was left to say something. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** For a person: a full disk is called that, since its code says little and the remedy is another than for all else. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') return `the disk is full (${messageOf(error)})`
  return messageOf(error)
}
