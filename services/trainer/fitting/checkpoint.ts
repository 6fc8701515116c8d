/**
 * An unfinished training on disk: one line of JSON that says of what work it is and how far it came, then its arrays.
 * It is written beside its place and moved there, so a half-written one is never taken for whole. One that is of other
 * data, another seed, another recipe or an earlier form of these programs is not used.
 */

import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFields } from '../contract/lines.ts'
import type { Training } from './training.ts'

/** Of what work it is, and where the training stands. */
type Head = Pick<Training, 'round' | 'steps' | 'epochs' | 'plateau'> & { form: number; work: string }

/** To be raised with every change of which arrays there are, of their order, or of what a step or a round makes of them. */
const form = 2

const fileName = 'training.checkpoint'

export function writeCheckpoint(folder: string, training: Training, work: string): void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, fileName)
  const unfinished = `${path}.unfinished`
  const file = openSync(unfinished, 'w')
  try {
    const { round, steps, epochs, plateau } = training
    writeFileSync(file, `${JSON.stringify({ form, work, round, steps, epochs, plateau } satisfies Head)}\n`)
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
  const { form: _form, work: _work, ...place } = head
  Object.assign(training, place)
  return true
}

function arraysIn(training: Training): readonly Float32Array[] {
  return [...training.learner.arrays, training.heldOutLogits]
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

function parseHead(text: string): Head | undefined {
  try {
    const head: unknown = JSON.parse(text)
    if (!isFields(head) || head['form'] !== form || !isFields(head['plateau'])) return undefined
    const { work, round, steps, epochs } = head
    const { best, since } = head['plateau']
    const numbers = [round, steps, epochs, best, since]
    return typeof work === 'string' && numbers.every((value) => typeof value === 'number') ? (head as Head) : undefined
  } catch {
    return undefined
  }
}
