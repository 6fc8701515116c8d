import type { z } from 'zod'
import { badInput, type TrainyardError } from '../errors.ts'

/** Says what is wrong with a part of a request, unless its schema has words of its own. */
const words: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `expected ${withArticle(issue.expected)}`
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1 ? 'is empty' : undefined
    case 'unrecognized_keys':
      return `unknown field ${issue.keys.map((key) => `"${key}"`).join(', ')}`
    case 'invalid_value':
      return `expected one of ${issue.values.map(String).join(', ')}`
    default:
      return undefined
  }
}

const withArticle = (type: string) => (type === 'string' ? 'a text' : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`)

/** The value as its schema makes it, or the error to answer with; it names every field that is wrong. */
export function validate(schema: z.ZodType, value: unknown): { value: unknown } | { error: TrainyardError } {
  const parsed = schema.safeParse(value, { error: words })
  if (parsed.success) return { value: parsed.data }
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the request'}: ${issue.message}`)
  return { error: badInput(`the request is wrong: ${problems.join('; ')}`, { details: problems }) }
}
