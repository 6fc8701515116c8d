/** A path whose filled-in parts are encoded: path`/bots/${bot}` is safe whatever the bot's name holds. */
export function path(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce(
    (text, part, index) => text + part + (index < values.length ? encodeURIComponent(String(values[index])) : ''),
    '',
  )
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** `?a=1&b=2` of what is set, or nothing. */
export function queryText(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}
