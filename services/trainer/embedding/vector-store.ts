/**
 * Sentence vectors by the text's digest, kept in a folder that any number of programs may share.
 *
 * A vector is a file of its own: its bytes, then the first eight of their SHA-256, together with the name's. It is written
 * beside its place and moved there, so nobody reads half of one. What is damaged is as good as absent, and written anew.
 * A folder that is missing, full or not ours to write to costs time, never a training.
 *
 * The folder's size is limited: those that were not used for longest go first. A file's time of modification is the day of
 * its last use, about.
 */

import { createHash, randomUUID } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { vectorSize } from './encoder-package.ts'

export interface VectorStore {
  read(text: string): Float32Array | undefined
  write(text: string, vector: Float32Array): void
  /** To be called after writing: makes room. */
  limit(): void
}

const noStore: VectorStore = { read: () => undefined, write: () => {}, limit: () => {} }

const checksumBytes = 8
const fileBytes = 4 * vectorSize + checksumBytes
const useGranularityMs = 86_400_000
/** Vectors of 250,000 texts. */
export const defaultMaximumBytes = 512 * 2 ** 20

/** The store in the programs' cache folder; none where there is no such folder. */
export function openStore({
  cache,
  ...options
}: { cache: string | undefined } & Omit<StoreOptions, 'folder'>): VectorStore {
  return cache === undefined ? noStore : vectorStore({ folder: join(cache, 'sentence-vectors'), ...options })
}

type StoreOptions = {
  folder: string
  /** The encoder's: vectors of different ones don't mix. */
  version: string
  nowMs: () => number
  log: (line: string) => void
  maximumBytes?: number
}

function vectorStore({ folder, version, nowMs, log, maximumBytes = defaultMaximumBytes }: StoreOptions): VectorStore {
  let canWrite = true
  let wrote = false
  const pathOf = (name: string): string => join(folder, name.slice(0, 2), name)

  return {
    read(text) {
      const name = nameOf(version, text)
      const bytes = readIfThere(pathOf(name))
      if (bytes === undefined || bytes.length !== fileBytes) return undefined
      const numbers = bytes.subarray(0, 4 * vectorSize)
      if (!checksumOf(name, numbers).equals(bytes.subarray(4 * vectorSize))) return undefined
      touch(pathOf(name), nowMs())
      return new Float32Array(Uint8Array.from(numbers).buffer)
    },
    write(text, vector) {
      if (!canWrite) return
      const name = nameOf(version, text)
      const path = pathOf(name)
      const beside = `${path}.${randomUUID()}`
      try {
        mkdirSync(join(folder, name.slice(0, 2)), { recursive: true })
        const numbers = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
        writeFileSync(beside, Buffer.concat([numbers, checksumOf(name, numbers)]))
        renameSync(beside, path)
        wrote = true
      } catch (error) {
        canWrite = false
        removeIfThere(beside)
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
        log(`no sentence vectors are kept for later: writing to ${folder} gives ${code}`)
      }
    },
    limit() {
      if (wrote) limit(folder, maximumBytes)
    },
  }
}

/** Names a text's vector, in hexadecimal digits. */
export function nameOf(version: string, text: string): string {
  return createHash('sha256').update(`${version}\n${text}`).digest('hex')
}

function checksumOf(name: string, numbers: Uint8Array): Buffer {
  return createHash('sha256').update(name).update(numbers).digest().subarray(0, checksumBytes)
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // It was never made, or is not ours to remove.
  }
}

function touch(path: string, nowMs: number): void {
  try {
    if (nowMs - statSync(path).mtimeMs > useGranularityMs) utimesSync(path, nowMs / 1000, nowMs / 1000)
  } catch {
    // Gone meanwhile, or not ours to write to: then its age is as it is.
  }
}

/** Removes those that were not used for longest, until the rest takes no more than so many bytes. */
function limit(folder: string, maximumBytes: number): void {
  const files: { path: string; bytes: number; usedMs: number }[] = []
  for (const name of namesIn(folder)) {
    const path = join(folder, name)
    const stat = statIfThere(path)
    if (stat?.isFile()) files.push({ path, bytes: stat.size, usedMs: stat.mtimeMs })
  }
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  for (const file of files.sort((a, b) => a.usedMs - b.usedMs)) {
    if (bytes <= maximumBytes) return
    removeIfThere(file.path)
    bytes -= file.bytes
  }
}

function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
  } catch {
    return []
  }
}
