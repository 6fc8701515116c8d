import { CommandFailure, exitCodes } from '../failure.ts'

/** A path whose filled-in parts are encoded: path`/bots/${bot}` is safe whatever the bot's name holds. */
export function path(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce(
    (text, part, index) => text + part + (index < values.length ? encoded(`${values[index]}`) : ''),
    '',
  )
}

/** A URL takes these for steps on its way, so that something else would be asked for; the server lets nothing be called so. */
const steps = ['', '.', '..']

function encoded(name: string): string {
  if (!steps.includes(name)) return encodeURIComponent(name)
  throw new CommandFailure(`nothing can be named "${name}"`, { next: 'Check the name.', exitCode: exitCodes.usage })
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** `?a=1&b=2` of what is set, or nothing. */
export function queryText(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}
