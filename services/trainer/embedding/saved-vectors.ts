/**
 * The vectors of an unfinished training in its checkpoint folder, in front of the store that all trainings share: the next
 * attempt may run on another machine, with an empty store.
 *
 * One file: per text the digest of its name and its vector, and at the end the SHA-256 of all that. It is written beside
 * its place and moved there; a damaged one is as good as none.
 */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { vectorSize } from './encoder-package.ts'
import { nameOf, type VectorStore } from './vector-store.ts'

const fileName = 'sentence-vectors.checkpoint'
const digestBytes = 32
const entryBytes = digestBytes + 4 * vectorSize

export interface SavedVectors extends VectorStore {
  /** Writes every vector that went through here. */
  save(): void
}

export function savedVectors(folder: string, version: string, store: VectorStore): SavedVectors {
  const path = join(folder, fileName)
  const held = readEntries(path)
  return {
    read(text) {
      const name = nameOf(version, text)
      const vector = held.get(name) ?? store.read(text)
      if (vector !== undefined) held.set(name, vector)
      return vector
    },
    write(text, vector) {
      held.set(nameOf(version, text), vector)
      store.write(text, vector)
    },
    limit: () => store.limit(),
    save() {
      mkdirSync(folder, { recursive: true })
      const entries = Buffer.concat([...held].flatMap(([name, vector]) => [Buffer.from(name, 'hex'), bytesOf(vector)]))
      writeFileSync(`${path}.unfinished`, Buffer.concat([entries, digestOf(entries)]))
      renameSync(`${path}.unfinished`, path)
    },
  }
}

function readEntries(path: string): Map<string, Float32Array> {
  const held = new Map<string, Float32Array>()
  const bytes = readIfThere(path)
  const entries = bytes.subarray(0, -digestBytes)
  if (!digestOf(entries).equals(bytes.subarray(-digestBytes))) return held
  for (let at = 0; at + entryBytes <= entries.length; at += entryBytes) {
    const name = entries.toString('hex', at, at + digestBytes)
    held.set(name, new Float32Array(Uint8Array.from(entries.subarray(at + digestBytes, at + entryBytes)).buffer))
  }
  return held
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
