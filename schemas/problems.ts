/** What zod finds wrong with a value, in plain words: which field, and what was expected there. */
import type { z } from 'zod'

/**
 * Reads a value, and names every field that is wrong, once. Where a schema has words of its own, they are used.
 * @param whole what the value as a whole is called
 */
export function readValue<T>(
  schema: z.ZodType<T>,
  value: unknown,
  whole: string,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly string[] } {
  const parsed = schema.safeParse(value, { error: wordsOf })
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, problems: problemsOf(parsed.error, whole) }
}

function problemsOf(error: z.ZodError, whole: string): string[] {
  const problems = new Map<string, string>()
  for (const issue of error.issues) {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
    for (const path of paths) {
      const field = path.join('.') || whole
      // The first is the plainest: of an empty text, that it is empty, and not what else it lacks.
      if (!problems.has(field)) problems.set(field, `${field}: ${issue.message}`)
    }
  }
  return [...problems.values()]
}

const wordsOf: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `expected ${kinds[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `expected one of ${issue.values.map(String).join(', ')}`
    case 'unrecognized_keys':
      return 'is not known here'
    case 'too_small':
      return tooSmall(issue.origin, Number(issue.minimum), issue.inclusive !== false)
    case 'too_big':
      return tooBig(issue.origin, Number(issue.maximum), issue.inclusive !== false)
    case 'invalid_format':
      return `expected ${formats[issue.format] ?? 'another form'}`
    default:
      return 'is not what is expected here'
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  date: 'a time',
}

const formats: Readonly<Record<string, string>> = {
  url: 'a URL',
  datetime: 'a time such as 2026-01-31T12:00:00Z',
  base64: 'a text in base64',
}

function tooSmall(origin: string, minimum: number, inclusive: boolean): string {
  if (origin === 'string') return minimum === 1 ? 'is empty' : `is shorter than ${minimum} characters`
  if (origin === 'array') return minimum === 1 ? 'is empty' : `has fewer than ${minimum} entries`
  return `expected ${inclusive ? `${minimum} or more` : `more than ${minimum}`}`
}

function tooBig(origin: string, maximum: number, inclusive: boolean): string {
  if (origin === 'string') return `is longer than ${maximum} characters`
  if (origin === 'array') return `has more than ${maximum} entries`
  return `expected ${inclusive ? `${maximum} or less` : `less than ${maximum}`}`
}
