/** Small zod builders whose errors all say what was expected, so that a message needs no second one to be understood. */

import { z } from 'zod'
import { isStorable } from './words.ts'

export const Text = z
  .string({ error: 'expected a text' })
  .min(1, { error: 'expected a text that is not empty' })
  .refine(isStorable, { error: 'expected a text without NUL and lone surrogates' })

export const Name = z.string({ error: 'expected a name' }).regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, {
  error: 'expected a name of lower-case letters, digits and inner hyphens, at most 63 characters',
})

const objectNameError = 'expected the name of a Kubernetes object: lower-case letters, digits, inner hyphens and dots'

export const ObjectName = z
  .string({ error: objectNameError })
  .max(253, { error: objectNameError })
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, { error: objectNameError })

export function whole(minimum: number, maximum?: number): z.ZodInt {
  const error = `expected a whole number ${range(minimum, maximum)}`
  const atLeast = z.int({ error }).min(minimum, { error })
  return maximum === undefined ? atLeast : atLeast.max(maximum, { error })
}

const longestSeconds = 31_536_000
const secondsError = `expected a number of seconds from 0 to ${longestSeconds}`

/** A time, fractions allowed; a year is the longest that anything may be put off. */
export const Seconds = z
  .number({ error: secondsError })
  .min(0, { error: secondsError })
  .max(longestSeconds, { error: secondsError })

export const Share = z
  .number({ error: 'expected a number from 0 to 1' })
  .min(0, { error: 'expected a number from 0 to 1' })
  .max(1, { error: 'expected a number from 0 to 1' })

export const InnerShare = z
  .number({ error: 'expected a number between 0 and 1' })
  .gt(0, { error: 'expected a number between 0 and 1' })
  .lt(1, { error: 'expected a number between 0 and 1' })

export const Positive = z.number({ error: 'expected a number > 0' }).positive({ error: 'expected a number > 0' })

export const Flag = z.boolean({ error: 'expected true or false' })

export function oneOf<const T extends string>(...words: readonly T[]): z.ZodEnum<{ [W in T]: W }> {
  return z.enum(words, { error: `expected one of ${words.join(', ')}` })
}

/** A mapping that takes the named keys and no other. */
export function mapping<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const keys = Object.keys(shape)
  const error = `expected a mapping with ${keys.length > 6 ? `${keys.slice(0, 3).join(', ')} …` : keys.join(', ')}`
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `unknown key; expected one of ${keys.join(', ')}` : error),
  })
}

function range(minimum: number, maximum: number | undefined): string {
  return maximum === undefined ? `≥ ${minimum}` : `from ${minimum} to ${maximum}`
}

/** As `z.json()`, whose error says nothing of what was expected. */
export const Json: z.ZodType<z.core.util.JSONType> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(Json), z.record(z.string(), Json)], {
    error: 'expected a text, a finite number, true, false, null, a list or a mapping',
  }),
)
