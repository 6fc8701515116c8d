/** What a command touches of the world outside: the terminal, the environment, the clock. Tests bring their own. */
import { hostname, userInfo } from 'node:os'

export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Whether stdout is a terminal that shows colours. */
  readonly colours: boolean
  /** Whether stderr is a terminal, so that a line of it can be drawn again. */
  readonly live: boolean
  readonly columns: number
}

export interface Context {
  readonly terminal: Terminal
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Who does what is done here, unless told otherwise: user@host. */
  readonly actor: string
  readonly signal: AbortSignal
  now(): Date
}

export function processContext(signal: AbortSignal): Context {
  const { stdout, stderr, env } = process
  return {
    terminal: {
      out: (text) => stdout.write(text),
      err: (text) => stderr.write(text),
      colours: wantsColours(env, stdout.isTTY === true),
      live: stderr.isTTY === true && env['TERM'] !== 'dumb',
      // Zero where a pseudo-terminal was given no size.
      columns: stdout.columns || 100,
    },
    variables: env,
    actor: `${userName()}@${hostname()}`,
    signal,
    now: () => new Date(),
  }
}

/** https://no-color.org and its counterpart: NO_COLOR says never, FORCE_COLOR says always, else a terminal decides. */
export function wantsColours(variables: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if (variables['NO_COLOR']) return false
  if (variables['FORCE_COLOR']) return variables['FORCE_COLOR'] !== '0'
  return isTerminal && variables['TERM'] !== 'dumb'
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // An id without an entry in the system's list of users, as containers like to have.
    return process.env['USER'] ?? `uid-${process.getuid?.() ?? 'unknown'}`
  }
}
