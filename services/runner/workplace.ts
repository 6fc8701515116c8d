/** The files and folders of one attempt, all below its work folder; whoever made the folder clears it away. */

import { lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isOfImage } from './container.ts'

export type Step = 'train' | 'predict'
export type StepFolders = { input: string; output: string }

export type Workplace = {
  /** Where the program is started. */
  scratch: string
  temporary: string
  checkpoint: string
  /** What one run may keep for the next: given, and then beside other attempts' work, or of this attempt alone. */
  cache: string
  log: string
  steps: Record<Step, StepFolders>
}

export const checkpointName = 'checkpoint'
/** Of a training that is over. */
export const trainedName = 'trained-checkpoint'

export function makeWorkplace(root: string, givenCache: string | undefined): Workplace {
  const workplace: Workplace = {
    scratch: join(root, 'scratch'),
    temporary: join(root, 'tmp'),
    checkpoint: join(root, checkpointName),
    cache: givenCache ?? join(root, 'cache'),
    log: join(root, 'log'),
    steps: {
      train: { input: join(root, 'train', 'input'), output: join(root, 'train', 'output') },
      predict: { input: join(root, 'predict', 'input'), output: join(root, 'predict', 'output') },
    },
  }
  const { scratch, temporary, checkpoint, steps } = workplace
  for (const folder of [
    scratch,
    temporary,
    checkpoint,
    ...Object.values(steps.train),
    ...Object.values(steps.predict),
  ]) {
    mkdirSync(folder, { recursive: true })
  }
  return workplace
}

/**
 * Puts away what the training has saved, and has the exam begin with nothing. What is saved with the exam's texts at hand
 * would tell the next training of them (D9).
 */
export function setTrainingAside(root: string): void {
  const checkpoint = join(root, checkpointName)
  const trained = join(root, trainedName)
  // The program may have cleared it away, put something else there, or used the other name for something of its own.
  if (lstatSync(checkpoint, { throwIfNoEntry: false }) === undefined) mkdirSync(checkpoint)
  rmSync(trained, { recursive: true, force: true })
  renameSync(checkpoint, trained)
  mkdirSync(checkpoint)
}

/**
 * What a training program sees of the world, and nothing else: above all not the attempt's token (D10). Our own Node comes
 * first in PATH, so that `node` means the same everywhere.
 */
export function programEnvironment(
  { environment: from, inContainer }: { environment: NodeJS.ProcessEnv; inContainer: boolean },
  workplace: Workplace,
  step: Step,
  nodePath: string,
): NodeJS.ProcessEnv {
  const isPassed = inContainer ? isOfImage : isHarmless
  const passed = Object.entries(from).filter(([name]) => isPassed(name))
  return {
    ...Object.fromEntries(passed),
    PATH: [dirname(nodePath), from['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(':'),
    TMPDIR: workplace.temporary,
    TRAINYARD_INPUT_DIR: workplace.steps[step].input,
    TRAINYARD_OUTPUT_DIR: workplace.steps[step].output,
    TRAINYARD_CHECKPOINT_DIR: workplace.checkpoint,
    TRAINYARD_CACHE_DIR: workplace.cache,
  }
}

function isHarmless(name: string): boolean {
  return passedOn.has(name) || /^(CUDA|NVIDIA)_/.test(name)
}

// NODE_COMPILE_CACHE spares a program that runs on our Node a third of its start.
const passedOn = new Set(['HOME', 'LANG', 'TZ', 'NODE_COMPILE_CACHE'])
