import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readCheckpoint, writeCheckpoint } from '../../../services/trainer/fitting/checkpoint.ts'
import { roundsOf } from '../../../services/trainer/fitting/rounds.ts'
import { beginTraining, proceed, type Surroundings } from '../../../services/trainer/fitting/training.ts'
import { learnVocabulary, vectorsOf } from '../../../services/trainer/text/vocabulary.ts'
import { wideLearner } from '../../../services/trainer/wide/learner.ts'
import type { WideRecipe } from '../../../services/trainer/wide/recipe.ts'
import { smallBot } from '../harness.ts'

const recipe: WideRecipe = {
  seed: 3,
  epochs: 4,
  batchSize: 7,
  learningRate: 0.02,
  labelSmoothing: 0.1,
  featureDropout: 0.4,
  outOfScopeShare: 0.05,
}

function lesson() {
  const rows = smallBot().filter((_, at) => at % 4 === 0)
  const texts = rows.map(({ text }) => text)
  const intents = [...new Set(rows.map(({ intent }) => intent))]
  const classOf = Int32Array.from(rows, ({ intent }) => intents.indexOf(intent))
  const vocabulary = learnVocabulary(texts, 1e6)
  const rounds = roundsOf(texts, classOf, intents.length)
  const vectors = vectorsOf(texts, vocabulary)
  return { vectors, classOf, classes: intents.length, rows: vocabulary.weights.length, rounds }
}

const begin = (work: ReturnType<typeof lesson>) => beginTraining(wideLearner(work, recipe), work, recipe)

/** Stops before the step with that number, counted from the beginning or the last resumption. */
function surroundings(stopBefore: number, changes: Partial<Surroundings> = {}): Surroundings {
  let steps = 0
  return {
    shouldStop: async () => steps++ === stopBefore,
    elapsedSeconds: () => 0,
    budgetSeconds: 60,
    report: () => {},
    log: () => {},
    ...changes,
  }
}

test('stopped before any step, stored and gone on with, a training ends with the same bytes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-checkpoint-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const work = lesson()
  const undisturbed = begin(work)
  assert.equal(await proceed(undisturbed, work, recipe, surroundings(-1)), 'finished')

  for (const stopBefore of [0, 1, 5, 6, 7, 19, 24, 50, 70]) {
    const before = begin(work)
    assert.equal(await proceed(before, work, recipe, surroundings(stopBefore)), 'stopped')
    writeCheckpoint(folder, before, 'this work')
    const after = begin(work)
    assert.equal(readCheckpoint(folder, after, 'other work'), false)
    assert.equal(readCheckpoint(folder, after, 'this work'), true)
    assert.equal(await proceed(after, work, recipe, surroundings(-1)), 'finished')
    assert.deepEqual(after.learner.arrays, undisturbed.learner.arrays, `stopped before step ${stopBefore}`)
    assert.deepEqual(after.heldOutLogits, undisturbed.heldOutLogits)
  }
})

test('a budget that suffices changes nothing, one that does not is kept to', async () => {
  const work = lesson()
  const stepSeconds = 0.1
  const trainedWithin = async (budgetSeconds: number) => {
    let seconds = 0
    const training = beginTraining(wideLearner(work, recipe), work, { ...recipe, epochs: 30 })
    const clock = { budgetSeconds, elapsedSeconds: () => seconds }
    const shouldStop = async (): Promise<boolean> => {
      seconds += stepSeconds
      return false
    }
    await proceed(training, work, { ...recipe, epochs: 30 }, surroundings(-1, { ...clock, shouldStop }))
    return { training, seconds }
  }
  const ample = await trainedWithin(1000)
  const enough = await trainedWithin(ample.seconds * 1.2)
  assert.deepEqual(enough.training.learner.arrays, ample.training.learner.arrays)
  const short = await trainedWithin(ample.seconds / 2)
  assert.ok(short.seconds < ample.seconds / 2, `${short.seconds} s of ${ample.seconds / 2} s`)
  assert.ok(short.training.epochs > 10 && short.training.epochs < 15, `${short.training.epochs} epochs`)
})

test('a checkpoint that an earlier form of the programs has written is not gone on from: its numbers lie elsewhere', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-checkpoint-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const work = lesson()
  writeCheckpoint(folder, begin(work), 'this work')
  assert.equal(readCheckpoint(folder, begin(work), 'this work'), true)
  const path = join(folder, 'training.checkpoint')
  const bytes = readFileSync(path)
  const headEnd = bytes.indexOf('\n')
  const { form, ...head } = JSON.parse(bytes.subarray(0, headEnd).toString())
  for (const earlier of [head, { form: form - 1, ...head }]) {
    writeFileSync(path, Buffer.concat([Buffer.from(JSON.stringify(earlier)), bytes.subarray(headEnd)]))
    assert.equal(readCheckpoint(folder, begin(work), 'this work'), false)
  }
})
