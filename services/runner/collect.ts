/**
 * Takes the files that a program left below a folder: regular ones only. A link could lead to what the program was not
 * to hand out, a device or pipe could keep the reader for ever; both are refused by name, nothing is skipped in silence.
 */

import { createHash } from 'node:crypto'
import { constants, type Dirent, type Stats } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredFile } from '../../schemas/files.ts'
import type { Digest } from '../../schemas/words.ts'
import { BadOutput, codeOf } from './errors.ts'

// The same limits as the run API's (schemas/files.ts), which can't be imported here; a test compares them.
export const maximumFiles = 10_000
export const maximumPathLength = 255

/** The files below `parent/name`, with paths relative to it. A folder that is not there is an empty one. */
export async function collect(parent: string, name: string): Promise<StoredFile[]> {
  const folder = join(parent, name)
  const files: StoredFile[] = []
  if (!(await isFolder(folder, name))) return files
  for await (const path of pathsBelow(folder, name, '')) {
    if (files.length === maximumFiles) throw new BadOutput(`${name}/ holds more than ${maximumFiles} files`)
    files.push(await describe(path, join(folder, path)))
  }
  return files
}

/** By path, what is another one as soon as anybody writes to a file: no program can set when that was last done. */
export type Marks = ReadonlyMap<string, string>

/** Of the files that `collect` would take; of none where it would refuse. */
export async function marksOf(parent: string, name: string): Promise<Marks> {
  const folder = join(parent, name)
  const marks = new Map<string, string>()
  try {
    if (!(await isFolder(folder, name))) return marks
    for await (const path of pathsBelow(folder, name, '')) {
      const { ino, size, ctimeNs } = await lstat(join(folder, path), { bigint: true })
      marks.set(path, `${ino} ${size} ${ctimeNs}`)
    }
  } catch (error) {
    if (!(error instanceof BadOutput)) throw error
    marks.clear()
  }
  return marks
}

export function areSame(one: Marks, other: Marks): boolean {
  return one.size === other.size && [...one].every(([path, mark]) => other.get(path) === mark)
}

/** A file that must be there. */
export async function collectFile(name: string, folder: string): Promise<StoredFile> {
  try {
    return await describe(name, join(folder, name))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new BadOutput(`${name} is missing`)
    throw error
  }
}

async function isFolder(path: string, name: string): Promise<boolean> {
  try {
    const found = await lstat(path)
    if (found.isDirectory()) return true
    throw new BadOutput(`${name} is ${kindOf(found)}; a folder is expected`)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

async function* pathsBelow(root: string, name: string, below: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, below), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    // U+FFFD: the name on disk was no UTF-8, so the file could not be found again by it.
    if (path.length > maximumPathLength || /[\\\uFFFD]/.test(path)) {
      throw new BadOutput(`${name}/${path}: the path is too long or holds a character that is not allowed`)
    }
    if (entry.isDirectory()) yield* pathsBelow(root, name, path)
    else if (entry.isFile()) yield path
    else throw new BadOutput(`${name}/${path} is ${kindOf(entry)}; only regular files are taken`)
  }
}

function kindOf(found: Dirent | Stats): string {
  if (found.isFile()) return 'a file'
  if (found.isDirectory()) return 'a folder'
  if (found.isSymbolicLink()) return 'a symbolic link'
  if (found.isFIFO()) return 'a named pipe'
  if (found.isSocket()) return 'a socket'
  return 'a device'
}

async function describe(path: string, localPath: string): Promise<StoredFile> {
  const found = await lstat(localPath)
  if (!found.isFile()) throw new BadOutput(`${path} is ${kindOf(found)}; only regular files are taken`)
  // Neither follows a link nor waits for a pipe's other end, should one have taken the file's place meanwhile.
  const handle = await open(localPath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of handle.createReadStream({ autoClose: false })) {
      hash.update(chunk)
      bytes += chunk.length
    }
    const digest = `sha256:${hash.digest('hex')}` as Digest
    return { path, digest, bytes }
  } finally {
    await handle.close()
  }
}
