/**
 * An unfinished training on disk: one line of JSON that says of what work it is and how far it came, then its arrays.
 * It is written beside its place and moved there, so a half-written one is never taken for whole. One that is of other
 * data, another seed or another recipe is not used.
 */

import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFields } from '../contract/lines.ts'
import { arraysOf } from './fit.ts'
import type { Training } from './training.ts'

const fileName = 'wide.checkpoint'

export function writeCheckpoint(folder: string, training: Training, work: string): void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, fileName)
  const unfinished = `${path}.unfinished`
  const file = openSync(unfinished, 'w')
  try {
    const { round, epochs, fit } = training
    writeFileSync(file, `${JSON.stringify({ work, round, epochs, steps: fit.steps })}\n`)
    for (const numbers of arraysIn(training)) writeFileSync(file, numbers)
  } finally {
    closeSync(file)
  }
  renameSync(unfinished, path)
}

/** Fills an empty training with what is stored. False, and the training untouched, where nothing fitting is stored. */
export function readCheckpoint(folder: string, training: Training, work: string): boolean {
  const bytes = readIfThere(join(folder, fileName))
  const headEnd = bytes?.indexOf('\n') ?? -1
  if (bytes === undefined || headEnd < 0) return false
  const head = parseHead(bytes.subarray(0, headEnd).toString())
  const arrays = arraysIn(training)
  const size = arrays.reduce((sum, numbers) => sum + numbers.byteLength, 0)
  if (head === undefined || head.work !== work || bytes.length - headEnd - 1 !== size) return false
  let at = headEnd + 1
  for (const numbers of arrays) {
    const part = bytes.subarray(at, at + numbers.byteLength)
    new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength).set(part)
    at += numbers.byteLength
  }
  training.round = head.round
  training.epochs = head.epochs
  training.fit.steps = head.steps
  return true
}

function arraysIn(training: Training): readonly Float32Array[] {
  return [...arraysOf(training.fit), training.heldOutLogits]
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

function parseHead(text: string): { work: string; round: number; epochs: number; steps: number } | undefined {
  try {
    const head: unknown = JSON.parse(text)
    if (!isFields(head)) return undefined
    const { work, round, epochs, steps } = head
    if (typeof work !== 'string' || typeof round !== 'number') return undefined
    if (typeof epochs !== 'number' || typeof steps !== 'number') return undefined
    return { work, round, epochs, steps }
  } catch {
    return undefined
  }
}
