/** What zod finds wrong with `trainyard.yaml`, in words. */

import type { z } from 'zod'
import { JobType, Placement } from '../job-type.ts'
import type { Finding, Path } from './document.ts'

/** What stands behind the names of a section. */
const behindNames: Readonly<Record<PropertyKey, z.ZodType>> = { jobTypes: JobType, placements: Placement }

export function findingsOf(error: z.ZodError, raw: unknown): Finding[] {
  return error.issues.map(innermost).flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...issue.path, key], message: issue.message }))
    }
    const finding = { path: issue.path, message: `${wordsOf(issue)}${gotOf(raw, issue)}` }
    return issue.code === 'invalid_key' ? [finding, ...findingsBehind(issue.path, raw)] : [finding]
  })
}

/** Of a value that is none of several kinds, what is wrong may lie deep within what would be right otherwise. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const deeper = issue.errors.flat().filter(({ path }) => path.length > 0)
  const [deepest] = deeper.map((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] }))
  return deepest ?? issue
}

/** zod passes over what stands behind a name that is none. */
function findingsBehind(path: Path, raw: unknown): Finding[] {
  const [section = '', ...names] = path
  const value = valueAt(raw, path)
  const parsed = names.length === 1 ? behindNames[section]?.safeParse(value) : undefined
  if (parsed?.error === undefined) return []
  return findingsOf(parsed.error, value).map((finding) => ({ ...finding, path: [...path, ...finding.path] }))
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message
  return issue.message
}

function gotOf(raw: unknown, issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return ''
  const value = valueAt(raw, issue.path)
  if (value === undefined) return ', but it is missing'
  if (Array.isArray(value)) return value.length === 0 ? ', got an empty list' : ', got a list'
  if (typeof value === 'object' && value !== null) return ', got a mapping'
  // JSON has no number that is not finite.
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return `, got ${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}`
}

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, part)
      ? Reflect.get(value, part)
      : undefined
  }, raw)
}
