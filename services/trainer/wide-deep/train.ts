/** `wide-deep train`: examples in, model out. Stopped by SIGTERM, it saves where it is and goes on there the next time. */

import { calibrate } from '../answering/calibrate.ts'
import { classCount, classesOf, classIndices } from '../answering/classes.ts'
import type { Folders } from '../contract/folders.ts'
import { log, reportProgress } from '../contract/report.ts'
import { readExamples } from '../contract/rows.ts'
import { readSpec } from '../contract/spec.ts'
import { startBackend } from '../dense/backend.ts'
import { vectorSize } from '../embedding/encoder-package.ts'
import { carryOut, stopSignal } from '../fitting/carry-out.ts'
import { heldOutOf } from '../fitting/held-out.ts'
import { roundsOf } from '../fitting/rounds.ts'
import { beginTraining } from '../fitting/training.ts'
import { warnOfLongTexts } from '../text/features.ts'
import { learnVocabulary, vectorsOf } from '../text/vocabulary.ts'
import { wideDeepLearner } from './learner.ts'
import { writeModel } from './model.ts'
import { recipeFor } from './recipe.ts'
import { sentenceVectors } from './sentence-vectors.ts'
import { frozenVectors, learntVectors } from './text-vectors.ts'

/** Weights and Adam's moments are 12 bytes a cell: 50 MB at most. */
const maximumCells = 2 ** 22
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
  const ngrams = vectorsOf(texts, vocabulary)
  const rows = vocabulary.weights.length
  const classOf = classIndices(examples, classes)
  const sentences = await sentenceVectors({ texts, ngrams, classOf, classes: width, rows, cache: folders.cache, stop })
  await startBackend()

  const learnt = learntVectors(ngrams, rows, learntSize, recipe.featureDropout)
  const textVectors = sentences === undefined ? learnt : frozenVectors(sentences.vectors, vectorSize)
  const rounds = roundsOf(texts, classOf, classes.intents.length)
  const learner = wideDeepLearner({ ngrams, rows, textVectors, classOf, classes: width }, recipe)
  log(
    `${examples.length} examples, ${classes.intents.length} intents${classes.hasNull ? ' and out of scope' : ''}, ` +
      `${rows} n-grams, ${rounds.length} rounds of ${recipe.epochs} epochs`,
  )

  const lesson = { classOf, rounds }
  const training = beginTraining(learner, lesson, recipe)
  await carryOut(training, lesson, recipe, { folders, budgetSeconds: spec.timeBudgetSeconds, stop })

  const heldOut = heldOutOf(training, lesson)
  const calibration = calibrate(heldOut, classes, recipe.outOfScopeShare)
  writeModel(
    folders.output,
    {
      classes,
      calibration,
      vocabulary,
      table: learner.table,
      weights: learner.weights,
      vectors: sentences === undefined ? { learnt: learnt.table } : { encoder: sentences.encoder },
    },
    { recipe: { ...recipe, epochs: training.epochs }, examples: examples.length, heldOut: heldOut.length },
    '',
  )
  log(`temperature ${calibration.temperature.toFixed(2)}, fitted on ${heldOut.length} held-out examples`)
  reportProgress(1)
}
