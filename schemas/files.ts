/** Files of a model, of a checkpoint or of an attempt's input: relative paths and the blobs they hold. */

import { z } from 'zod'
import { canonicalJson, Digest, digestOf, isStorable } from './words.ts'

export const maximumFiles = 10_000

export const FilePath = z
  .string()
  .min(1)
  .max(255)
  .refine(isSafePath, { error: 'expected a relative path without "..", backslash, NUL or empty parts' })
export type FilePath = z.infer<typeof FilePath>

/** Stays below the folder it is joined to, on every system. */
function isSafePath(path: string): boolean {
  if (!isStorable(path) || path.includes('\\')) return false
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

export const StoredFile = z.strictObject({ path: FilePath, digest: Digest, bytes: z.int().min(0) })
export type StoredFile = z.infer<typeof StoredFile>

export const StoredFiles = z
  .array(StoredFile)
  .max(maximumFiles)
  .refine((files) => new Set(files.map((file) => file.path)).size === files.length, {
    error: 'expected each path once',
  })

/** The blob that a model's digest names. */
export const ModelManifest = z.strictObject({ files: StoredFiles })
export type ModelManifest = z.infer<typeof ModelManifest>

/** The manifest's bytes: the same files in any order give the same digest. */
export function manifestOf(files: readonly StoredFile[]): { digest: Digest; content: string } {
  const sorted = files
    .map(({ path, digest, bytes }) => ({ path, digest, bytes }))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const content = canonicalJson({ files: sorted })
  return { digest: digestOf(content), content }
}
