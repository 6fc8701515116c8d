import type { z } from 'zod'
import { readValue } from '../../../schemas/problems.ts'
import { badInput, type TrainyardError } from '../errors.ts'

/** The value as its schema makes it, or the error to answer with; it names every field that is wrong. */
export function validate(schema: z.ZodType, value: unknown): { value: unknown } | { error: TrainyardError } {
  const read = readValue(schema, value, 'the request')
  if (read.ok) return { value: read.value }
  const { problems } = read
  return { error: badInput(`the request is wrong: ${problems.join('; ')}`, { details: problems }) }
}
