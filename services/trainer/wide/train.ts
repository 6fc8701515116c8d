/** `wide train`: examples in, model out. Stopped by SIGTERM, it saves where it is and goes on there the next time. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Folders } from '../contract/folders.ts'
import { badInput, resumable } from '../contract/outcome.ts'
import { log, reportProgress } from '../contract/report.ts'
import { type Example, readExamples } from '../contract/rows.ts'
import { readSpec } from '../contract/spec.ts'
import { type Classes, classCount } from './answer.ts'
import { calibrate, type HeldOut } from './calibrate.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import { readCharacters } from './features.ts'
import { writeModel } from './model.ts'
import { recipeFor } from './recipe.ts'
import { roundsOf } from './rounds.ts'
import { beginTraining, type Lesson, proceed, type Surroundings, type Training } from './training.ts'
import { learnVocabulary, vectorsOf } from './vocabulary.ts'

/** Weights and Adam's moments are 12 bytes a cell: 100 MB at most. */
const maximumCells = 2 ** 23

export async function train(folders: Folders): Promise<void> {
  const stop = new AbortController()
  process.on('SIGTERM', () => stop.abort())

  const spec = readSpec(folders.input)
  const examples = readExamples(folders.input, spec.intents)
  const classes = classesOf(examples)
  const recipe = recipeFor(spec, examples.length)
  warnOfLongTexts(examples)

  const texts = examples.map(({ text }) => text)
  const vocabulary = learnVocabulary(texts, Math.ceil(maximumCells / classCount(classes)))
  const classOf = classIndices(examples, classes)
  const lesson: Lesson = {
    vectors: vectorsOf(texts, vocabulary),
    classOf,
    classes: classCount(classes),
    rows: vocabulary.weights.length,
    rounds: roundsOf(texts, classOf, classes.intents.length),
  }
  log(
    `${examples.length} examples, ${classes.intents.length} intents${classes.hasNull ? ' and out of scope' : ''}, ` +
      `${lesson.rows} n-grams, ${lesson.rounds.length} rounds of ${recipe.epochs} epochs`,
  )

  const training = beginTraining(lesson, recipe)
  const work = digestOfWork(folders, recipe)
  if (readCheckpoint(folders.checkpoint, training, work)) {
    log(`going on from the checkpoint: round ${training.round + 1}, step ${training.fit.steps}`)
  }
  if ((await proceed(training, lesson, recipe, surroundingsOf(stop.signal, spec.timeBudgetSeconds))) === 'stopped') {
    writeCheckpoint(folders.checkpoint, training, work)
    throw resumable(`Stopped by SIGTERM in round ${training.round + 1}; saved in the checkpoint folder, to be resumed.`)
  }

  const heldOut = heldOutOf(training, lesson)
  const calibration = calibrate(heldOut, classes, recipe.outOfScopeShare)
  writeModel(
    folders.output,
    { classes, calibration, vocabulary, network: training.fit.network },
    { recipe: { ...recipe, epochs: training.epochs }, examples: examples.length, heldOut: heldOut.length },
  )
  log(`temperature ${calibration.temperature.toFixed(2)}, fitted on ${heldOut.length} held-out examples`)
  reportProgress(1)
}

/** The intents that have examples, in the order of their names, so the order of the rows doesn't matter to it. */
function classesOf(examples: readonly Example[]): Classes {
  const found = new Set(examples.map(({ intent }) => intent))
  const hasNull = found.delete(null)
  const intents = [...found].filter((intent) => intent !== null).sort()
  if (intents.length === 0)
    throw badInput('train.jsonl holds only out-of-scope examples: give examples of two intents.')
  if (intents.length === 1 && !hasNull) {
    throw badInput('train.jsonl holds one intent only, so there is nothing to tell apart: give examples of another.')
  }
  return { intents, hasNull }
}

function classIndices(examples: readonly Example[], { intents }: Classes): Int32Array {
  const indices = new Map<string | null, number>(intents.map((intent, index) => [intent, index]))
  return Int32Array.from(examples, ({ intent }) => indices.get(intent) ?? intents.length)
}

function warnOfLongTexts(examples: readonly Example[]): void {
  const long = examples.filter(({ text }) => text.length > readCharacters).length
  if (long > 0) log(`${long} texts are longer than ${readCharacters} characters: the rest of them is not read`)
}

/** What a checkpoint must agree with to be gone on from. */
function digestOfWork(folders: Folders, recipe: object): string {
  const hash = createHash('sha256').update(JSON.stringify(recipe))
  return hash.update(readFileSync(join(folders.input, 'train.jsonl'))).digest('hex')
}

function surroundingsOf(stop: AbortSignal, budgetSeconds: number): Surroundings {
  return {
    async shouldStop() {
      await setImmediate()
      return stop.aborted
    },
    elapsedSeconds: () => performance.now() / 1000,
    budgetSeconds,
    report: ({ done, round, rounds, epoch, epochs, loss }) =>
      reportProgress(Number(done.toFixed(4)), { round, rounds, epoch, epochs, loss: Number(loss.toFixed(4)) }),
    log,
  }
}

function heldOutOf(training: Training, { rounds, classOf, classes }: Lesson): HeldOut[] {
  const texts = rounds.flatMap((round) => [...round.heldOut])
  return texts.map((text, at) => ({
    logits: training.heldOutLogits.subarray(at * classes, (at + 1) * classes),
    classIndex: classOf[text] ?? 0,
  }))
}
