type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain }

/**
 * What a manifest leaves open. The chart has an expression of Helm's in its place, the base what that expression gives
 * with the chart's own values.
 */
export class Blank {
  readonly expression: string
  /** Undefined: the base does without. */
  readonly preset: Plain | undefined

  constructor(expression: string, preset: Plain | undefined) {
    this.expression = expression
    this.preset = preset
  }
}

/** An object of the API, any part of which may be left open. */
export type Open<T> = Blank | (T extends object ? { [K in keyof T]: Open<T[K]> } : T)

/** A text with blanks in it. */
export function text(parts: TemplateStringsArray, ...holes: readonly (Blank | string | number)[]): Blank {
  const format = String.raw({ raw: parts }, ...holes.map((hole) => (hole instanceof Blank ? '%s' : hole)))
  const expressions = holes.flatMap((hole) => (hole instanceof Blank ? hole.expression : []))
  const preset = String.raw({ raw: parts }, ...holes.map((hole) => (hole instanceof Blank ? hole.preset : hole)))
  return new Blank(`(printf ${JSON.stringify(format)} ${expressions.join(' ')})`, preset)
}

/** The other one where the first is empty. */
export function orElse(first: Blank, other: Blank): Blank {
  const preset = isEmpty(first.preset) ? other.preset : first.preset
  return new Blank(`(default ${other.expression} ${first.expression})`, preset)
}

/** A whole value with blanks in it, to stand where one blank does. */
export function whole(open: unknown): Blank {
  return new Blank(expressionOf(open), filled(open) as Plain)
}

function expressionOf(open: unknown): string {
  if (open instanceof Blank) return open.expression
  if (Array.isArray(open)) return `(list ${open.map(expressionOf).join(' ')})`
  if (typeof open !== 'object' || open === null) return JSON.stringify(open)
  const entries = Object.entries(open).map(([key, value]) => `${JSON.stringify(key)} ${expressionOf(value)}`)
  return `(dict ${entries.join(' ')})`
}

/** What the base says: its blanks filled in, and what is empty then left out, as the API server takes it to be. */
export function filled(open: unknown): unknown {
  if (open instanceof Blank) return isEmpty(open.preset) ? undefined : open.preset
  if (Array.isArray(open)) return open.map(filled)
  if (typeof open !== 'object' || open === null) return open
  const entries = Object.entries(open).map(([key, value]) => [key, filled(value)] as const)
  const left = entries.filter(([, value]) => value !== undefined)
  return left.length === 0 && entries.length > 0 ? undefined : Object.fromEntries(left)
}

/** The same with a mark in each blank's place; `marks` gets the expressions. */
export function marked(open: unknown, marks: string[]): unknown {
  if (open instanceof Blank) return `BLANK${marks.push(open.expression)}.`
  if (Array.isArray(open)) return open.map((each) => marked(each, marks))
  if (typeof open !== 'object' || open === null) return open
  return Object.fromEntries(Object.entries(open).map(([key, value]) => [key, marked(value, marks)]))
}

/** JSON is YAML, too, and on one line whatever the value is. */
export function unmarked(yaml: string, marks: readonly string[]): string {
  return yaml.replaceAll(/BLANK(\d+)\./g, (_mark, number) => `{{ toJson ${marks[Number(number) - 1]} }}`)
}

function isEmpty(value: Plain | undefined): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === ''
}
