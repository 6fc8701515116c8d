/** `wide-deep train`: examples in, model out. Stopped by SIGTERM, it saves where it is and goes on there the next time. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { calibrate } from '../answering/calibrate.ts'
import { type Classes, classCount, classesOf, classIndices } from '../answering/classes.ts'
import { answered, examine } from '../answering/examination.ts'
import { labelNoise } from '../answering/label-noise.ts'
import type { Folders } from '../contract/folders.ts'
import { log, reportProgress } from '../contract/report.ts'
import { type Example, readExamples } from '../contract/rows.ts'
import { readSpec } from '../contract/spec.ts'
import { startBackend } from '../dense/backend.ts'
import { vectorSize } from '../embedding/encoder-package.ts'
import { carryOut, stopSignal } from '../fitting/carry-out.ts'
import { heldOutOf } from '../fitting/held-out.ts'
import { roundsOf } from '../fitting/rounds.ts'
import { beginTraining, type Lesson, type Training } from '../fitting/training.ts'
import { warnOfLongTexts } from '../text/features.ts'
import { learnVocabulary, vectorsOf } from '../text/vocabulary.ts'
import { modelCard } from './card.ts'
import { wideDeepLearner } from './learner.ts'
import { type StoredModel, writeModel } from './model.ts'
import { type Recipe, recipeFor } from './recipe.ts'
import { sentenceVectors } from './sentence-vectors.ts'
import { frozenVectors, learntVectors } from './text-vectors.ts'

/** Weights and Adam's moments are 12 bytes a cell: 50 MB at most, and as much for vectors that are learnt along. */
const maximumCells = 2 ** 22
/** Of a text's vector, where it is learnt along. */
const learntSize = 128

export async function train(folders: Folders): Promise<void> {
  const stop = stopSignal()
  const spec = readSpec(folders.input)
  const examples = readExamples(folders.input, spec.intents)
  const classes = classesOf(examples)
  const recipe = recipeFor(spec, examples.length)
  const texts = examples.map(({ text }) => text)
  warnOfLongTexts(texts, log)

  const width = classCount(classes)
  const vocabulary = learnVocabulary(texts, Math.ceil(maximumCells / Math.max(width, learntSize)))
  const rows = vocabulary.weights.length
  const ngrams = vectorsOf(texts, vocabulary)
  const classOf = classIndices(examples, classes)
  const limits = { stop, budgetSeconds: spec.timeBudgetSeconds }
  const sentences = await sentenceVectors({ texts, ngrams, rows, classOf, classes: width }, folders, limits)
  await startBackend()

  const mostTexts = Math.min(recipe.batchSize, texts.length)
  const learnt = learntVectors({ ngrams, rows, mostTexts }, learntSize, recipe.featureDropout)
  const textVectors = sentences === undefined ? learnt : frozenVectors(sentences.vectors, vectorSize)
  const learner = wideDeepLearner({ ngrams, rows, textVectors, classOf, classes: width }, recipe)
  const lesson = { classOf, rounds: roundsOf(texts, classOf, classes.intents.length) }
  log(
    `${examples.length} examples, ${classes.intents.length} intents${classes.hasNull ? ' and out of scope' : ''}, ` +
      `${rows} n-grams, ${lesson.rounds.length} rounds of ${recipe.epochs} epochs`,
  )
  const training = beginTraining(learner, lesson, recipe)
  try {
    await carryOut(training, lesson, recipe, { folders, ...limits, onStop: () => sentences?.save() })
  } finally {
    await learner.close()
  }

  const { table, weights } = learner
  const vectors = sentences === undefined ? { learnt: learnt.table } : { encoder: sentences.encoder }
  finish({ folders, examples, recipe, lesson, training, model: { classes, vocabulary, table, weights, vectors } })
  reportProgress(1)
}

type Fitted = {
  folders: Folders
  examples: readonly Example[]
  recipe: Recipe
  lesson: Lesson
  training: Training
  model: Omit<StoredModel, 'calibration'> & { classes: Classes }
}

/** Calibrates on the held-out examples, looks at the answers to them, and writes the model with its card. */
function finish({ folders, examples, recipe, lesson, training, model }: Fitted): void {
  const { classes, vectors } = model
  const heldOut = heldOutOf(training, lesson)
  const calibration = calibrate(heldOut, classes, recipe.outOfScopeShare)
  const rows = heldOut.map((one) => ({ ...answered(one, classes, calibration), text: one.text }))
  const examination = examine(rows, classes)
  const noise = labelNoise(rows, examples)
  const epochs = training.epochs
  const card = modelCard({
    classes,
    examples,
    dataDigest: createHash('sha256')
      .update(readFileSync(join(folders.input, 'train.jsonl')))
      .digest('hex'),
    examination,
    noise,
    recipe,
    epochs,
    rounds: lesson.rounds.length,
    encoder: 'encoder' in vectors ? vectors.encoder : undefined,
  })
  const notes = { recipe: { ...recipe, epochs }, examples: examples.length, heldOut: heldOut.length }
  writeModel(folders.output, { ...model, calibration }, notes, card)
  log(
    heldOut.length === 0
      ? 'no example could be held out: how good the model is, and how sure it may be, is not known'
      : `on ${heldOut.length} held-out examples: ${(100 * examination.accuracy).toFixed(1)} % get their intent, ` +
          `temperature ${calibration.temperature.toFixed(2)}`,
  )
  if (noise.ambiguousTexts > 0) log(`${noise.ambiguousTexts} texts stand under several intents: see the model card`)
}
