/** What a command ends with when it can't do what was asked: what happened, what to do next, and the exit code. */

export const exitCodes = { failed: 1, usage: 2 } as const

export class CommandFailure extends Error {
  readonly next: string | undefined
  readonly exitCode: number

  constructor(what: string, facts: { next?: string; exitCode?: number; cause?: unknown } = {}) {
    super(what, facts.cause === undefined ? {} : { cause: facts.cause })
    this.name = 'CommandFailure'
    this.next = facts.next
    this.exitCode = facts.exitCode ?? exitCodes.failed
  }
}

/** `trainyard: what happened. What to do next.` */
export function failureText(error: unknown): string {
  const what = error instanceof Error ? error.message : String(error)
  const next = error instanceof CommandFailure ? error.next : undefined
  return `trainyard: ${sentence(what)}${next === undefined ? '' : ` ${sentence(next)}`}\n`
}

function sentence(text: string): string {
  const trimmed = text.trim()
  return /[.!?…:]$/.test(trimmed) ? trimmed : `${trimmed}.`
}

/** The system's own name of an error (`ECONNREFUSED`), also when fetch wraps it as the cause of another. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  return 'cause' in error ? systemCode(error.cause) : undefined
}
