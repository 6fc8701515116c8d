/** `wide train`: examples in, model out. Stopped by SIGTERM, it saves where it is and goes on there the next time. */

import { calibrate } from '../answering/calibrate.ts'
import { classCount, classesOf, classIndices } from '../answering/classes.ts'
import type { Folders } from '../contract/folders.ts'
import { log, reportProgress } from '../contract/report.ts'
import { readExamples } from '../contract/rows.ts'
import { readSpec } from '../contract/spec.ts'
import { carryOut, stopSignal } from '../fitting/carry-out.ts'
import { heldOutOf } from '../fitting/held-out.ts'
import { roundsOf } from '../fitting/rounds.ts'
import { beginTraining } from '../fitting/training.ts'
import { warnOfLongTexts } from '../text/features.ts'
import { learnVocabulary, vectorsOf } from '../text/vocabulary.ts'
import { wideLearner } from './learner.ts'
import { writeModel } from './model.ts'
import { recipeFor } from './recipe.ts'

/** Weights and Adam's moments are 12 bytes a cell: 100 MB at most. */
const maximumCells = 2 ** 23

export async function train(folders: Folders): Promise<void> {
  const stop = stopSignal()
  const spec = readSpec(folders.input)
  const examples = readExamples(folders.input, spec.intents)
  const classes = classesOf(examples)
  const recipe = recipeFor(spec, examples.length)
  const texts = examples.map(({ text }) => text)
  warnOfLongTexts(texts, log)

  const vocabulary = learnVocabulary(texts, Math.ceil(maximumCells / classCount(classes)))
  const classOf = classIndices(examples, classes)
  const rounds = roundsOf(texts, classOf, classes.intents.length)
  const learner = wideLearner(
    {
      vectors: vectorsOf(texts, vocabulary),
      classOf,
      classes: classCount(classes),
      rows: vocabulary.weights.length,
    },
    recipe,
  )
  log(
    `${examples.length} examples, ${classes.intents.length} intents${classes.hasNull ? ' and out of scope' : ''}, ` +
      `${vocabulary.weights.length} n-grams, ${rounds.length} rounds of ${recipe.epochs} epochs`,
  )

  const lesson = { classOf, rounds }
  const training = beginTraining(learner, lesson, recipe)
  await carryOut(training, lesson, recipe, { folders, budgetSeconds: spec.timeBudgetSeconds, stop })

  const heldOut = heldOutOf(training, lesson)
  const calibration = calibrate(heldOut, classes, recipe.outOfScopeShare)
  writeModel(
    folders.output,
    { classes, calibration, vocabulary, table: learner.table },
    { recipe: { ...recipe, epochs: training.epochs }, examples: examples.length, heldOut: heldOut.length },
  )
  log(`temperature ${calibration.temperature.toFixed(2)}, fitted on ${heldOut.length} held-out examples`)
  reportProgress(1)
}
