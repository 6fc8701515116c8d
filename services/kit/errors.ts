/**
 * The one family of errors that Trainyard throws on purpose. Whether another try may help is a property of the error,
 * so nobody has to guess from its text. Expected ends are values (discriminated unions), not errors.
 */

export type ErrorCode =
  | 'malformed'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'conflict'
  | 'gone'
  | 'tooLarge'
  | 'badInput'
  | 'broken'
  | 'unavailable'

const statusOf: Readonly<Record<ErrorCode, number>> = {
  malformed: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  gone: 410,
  tooLarge: 413,
  badInput: 422,
  broken: 500,
  unavailable: 503,
}

export interface ErrorFacts {
  /** What to do next, as a sentence. */
  readonly hint?: string
  /** Machine-readable facts for the caller. Never secrets, never the content of datasets. */
  readonly details?: unknown
  readonly cause?: unknown
}

export class TrainyardError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: unknown

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? {} : { cause: facts.cause })
    this.name = 'TrainyardError'
    this.code = code
    this.hint = facts.hint
    this.details = facts.details
  }

  /** The HTTP status that says the same. */
  get status(): number {
    return statusOf[this.code]
  }

  /** Whether the same call may succeed later without anybody changing it. */
  get retryable(): boolean {
    return this.code === 'unavailable'
  }
}

type Make = (message: string, facts?: ErrorFacts) => TrainyardError
const make =
  (code: ErrorCode): Make =>
  (message, facts) =>
    new TrainyardError(code, message, facts)

/** The bytes are not what their type says: no JSON, no Avro, no UTF-8. */
export const malformed = make('malformed')
export const unauthorized = make('unauthorized')
export const forbidden = make('forbidden')
export const notFound = make('notFound')
/** The world has moved since the caller looked; `details` carries the new facts. */
export const conflict = make('conflict')
export const gone = make('gone')
export const tooLarge = make('tooLarge')
/** Well-formed and understood, and wrong all the same. */
export const badInput = make('badInput')
/** A fault of ours or of the machine's: nothing that the caller can mend. */
export const broken = make('broken')
/** Not now: the same call may succeed later. */
export const unavailable = make('unavailable')

/** What the operating system or the driver calls an error: `ENOSPC`, `40P01`, …, or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Some have nothing but a code, as when all addresses of a name refuse.
  return error.message || codeOf(error) || error.name
}

/** Total: any thrown thing becomes one of ours, so that the edges need to know only one class. */
export function classify(error: unknown): TrainyardError {
  if (error instanceof TrainyardError) return error
  if (codeOf(error) === 'ENOSPC') return diskFull(error)
  return broken(messageOf(error), { cause: error })
}

export function diskFull(cause: unknown): TrainyardError {
  return unavailable('the disk is full', {
    hint: 'Free some space: what is under way then goes on by itself, and what was refused may be sent again.',
    cause,
  })
}
