/** A training in the world: resumed from the checkpoint folder, stopped by SIGTERM, told about on stdout. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Folders } from '../contract/folders.ts'
import { resumable } from '../contract/outcome.ts'
import { log, reportProgress } from '../contract/report.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import type { Schedule } from './schedule.ts'
import { type Lesson, type Progress, proceed, type Surroundings, type Training } from './training.ts'

export type Errand = {
  folders: Folders
  budgetSeconds: number
  stop: AbortSignal
  /** What else is to be saved when it is stopped. */
  onStop?: () => void
}

/** Set off at once, so that a stop in the midst of reading isn't missed. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  process.on('SIGTERM', () => stop.abort())
  return stop.signal
}

/** Resolves when the last round is fitted; throws `resumable` when stopped before that. */
export async function carryOut(
  training: Training,
  lesson: Lesson,
  recipe: Schedule,
  { folders, budgetSeconds, stop, onStop }: Errand,
): Promise<void> {
  const work = digestOfWork(folders, recipe)
  if (readCheckpoint(folders.checkpoint, training, work)) {
    log(`going on from the checkpoint: round ${training.round + 1}, step ${training.steps}`)
  }
  if ((await proceed(training, lesson, recipe, surroundings(stop, budgetSeconds))) === 'finished') return
  writeCheckpoint(folders.checkpoint, training, work)
  onStop?.()
  throw resumable(`Stopped by SIGTERM in round ${training.round + 1}; saved in the checkpoint folder, to be resumed.`)
}

/** What a checkpoint must agree with to be gone on from. */
function digestOfWork(folders: Folders, recipe: object): string {
  const hash = createHash('sha256').update(JSON.stringify(recipe))
  return hash.update(readFileSync(join(folders.input, 'train.jsonl'))).digest('hex')
}

function surroundings(stop: AbortSignal, budgetSeconds: number): Surroundings {
  return {
    async shouldStop() {
      await setImmediate()
      return stop.aborted
    },
    elapsedSeconds: () => performance.now() / 1000,
    budgetSeconds,
    report: ({ done, ...figures }) => reportProgress(Number(done.toFixed(4)), rounded(figures)),
    log,
  }
}

function rounded({ loss, accuracy, secondsLeft, ...counts }: Omit<Progress, 'done'>): Record<string, number> {
  return {
    ...counts,
    loss: Number(loss.toFixed(4)),
    ...(accuracy === undefined ? {} : { accuracy: Number(accuracy.toFixed(4)) }),
    secondsLeft: Math.ceil(secondsLeft),
  }
}
