import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Model } from '../../../services/trainer/model.ts'
import { bench, outOfScope, type Row, smallBot, split } from '../harness.ts'
import { sharedCache } from './given.ts'

const cache = sharedCache()
const isProgress = (line: string) => line.startsWith('{')
/** The least that is a training with everything in it. */
const quick = { hyperparameters: { epochs: 3 } }

const accuracyOf = (answers: readonly { intent: string | null }[], exam: readonly Row[]): number =>
  answers.filter(({ intent }, at) => intent === exam[at]?.intent).length / exam.length

describe('what wide-deep learns and answers', () => {
  const inScope = split(smallBot())
  const outside = split(outOfScope())
  const rows = [...inScope.train, ...outside.train]
  const place = bench({ after }, { cache })
  let log = ''
  before(async () => {
    log = await place.train('wide-deep', rows)
  })

  test('a small bot, which texts are out of its scope, and words that no example has', async () => {
    assert.match(log, /using those of @energetic-ai\/model-embeddings-en@/)
    const unseen = [
      { text: 'is there going to be a thunderstorm', intent: 'weather' },
      { text: 'what sum is left in savings', intent: 'balance' },
    ]
    const exam = [...inScope.exam, ...outside.exam, ...unseen]
    const answers = await place.answer(
      'wide-deep',
      exam.map(({ text }) => text),
    )
    const [known, others] = [inScope.exam.length, outside.exam.length]
    assert.ok(accuracyOf(answers.slice(0, known), inScope.exam) > 0.95)
    assert.ok(accuracyOf(answers.slice(known, known + others), outside.exam) > 0.7)
    assert.equal(accuracyOf(answers.slice(known + others), unseen), 1)
    for (const { intent, confidence, top } of answers) {
      assert.deepEqual(top[0], [intent, confidence])
      assert.ok(top.reduce((sum, [, share]) => sum + share, 0) < 1 + 1e-9)
    }

    const model = await Model.open(join(place.folder, 'output', 'model'), { cache })
    const again = await model.answer(exam.map(({ text }) => text))
    assert.deepEqual(
      again,
      answers.map(({ id: _id, ...answer }) => answer),
    )
    assert.deepEqual([model.intents.length, model.knowsOutOfScope], [4, true])
  })

  test('progress rises to 1, with loss, accuracy and the time left, and nothing of the dataset in the log', () => {
    const progress = log
      .split('\n')
      .filter(isProgress)
      .map((line) => JSON.parse(line))
    const done = progress.map(({ progress: share }): number => share)
    assert.deepEqual(
      done,
      [...done].sort((a, b) => a - b),
    )
    assert.equal(done.at(-1), 1)
    const { epoch, loss, accuracy, secondsLeft } = progress[0]
    for (const figure of [epoch, loss, accuracy, secondsLeft]) assert.equal(typeof figure, 'number')
    for (const { text, intent } of rows) assert.ok(!log.includes(text) && (intent === null || !log.includes(intent)))
  })

  test('the model card tells the data, the figures, the suspicious labels and what the model is not for', async (t) => {
    const [first = { text: '', intent: null }, ...others] = smallBot()
    const place = bench(t, { cache })
    const labels = [{ ...first, intent: 'alarm' }, ...others, first, ...outOfScope()]
    const log = await place.train('wide-deep', labels, quick)
    const card = place.model().get('README.md')?.toString() ?? ''
    const data = createHash('sha256')
      .update(readFileSync(join(place.folder, 'input', 'train.jsonl')))
      .digest('hex')
    assert.ok(card.includes(`sha256:${data}`))
    assert.match(card, /Calibration error, 15 bins \| \d+\.\d %/)
    assert.match(card, /AUROC \| [01]\.\d{3}/)
    assert.match(card, /\n1 texts stand under several intents\.|\. 1 texts stand under several intents\./)
    assert.ok(card.includes(`| ${first.text} | alarm |`), card)
    assert.match(card, /## Not to be used for/)
    assert.match(log, /1 texts stand under several intents: see the model card/)
  })
})

describe('how wide-deep trains', () => {
  const rows = smallBot().slice(0, 80)
  /** So many epochs that a signal arrives before the last. */
  const spec = { hyperparameters: { epochs: 30, patience: 1000 } }
  const own = sharedCache()
  const undisturbed = bench({ after }, { cache: own })
  before(() => undisturbed.train('wide-deep', rows, spec))

  test('the same seed and data give the same bytes, with vectors just computed or found in the cache', async (t) => {
    const again = bench(t, { cache: own })
    await again.train('wide-deep', rows, { ...spec, attempt: 2 })
    assert.deepEqual(again.model(), undisturbed.model())
    assert.deepEqual([...again.model().keys()], ['README.md', 'head.bin', 'model.json', 'table.bin'])
  })

  test('damaged vectors in the cache are computed again, and the model is the same', async (t) => {
    const files = readdirSync(own, { recursive: true, encoding: 'utf8' })
      .map((name) => join(own, name))
      .filter((path) => statSync(path).isFile())
    assert.equal(files.length, rows.length)
    for (const [at, path] of files.entries()) if (at % 10 === 0) writeFileSync(path, 'not a vector')
    const again = bench(t, { cache: own })
    await again.train('wide-deep', rows, spec)
    assert.deepEqual(again.model(), undisturbed.model())
    assert.ok(files.every((path) => statSync(path).size > 2048))
  })

  test('stopped by SIGTERM it saves, ends 75, goes on there, and ends with the bytes of an undisturbed run', async (t) => {
    // Without the cache, as an attempt on another machine would be.
    const place = bench(t)
    place.give(rows, spec)
    for (const stop of [1, 2]) {
      const started = place.start('wide-deep', 'train')
      started.stopAt(isProgress)
      const stopped = await started.ended
      assert.equal(stopped.exitCode, 75, `stop ${stop}: ${stopped.stderr}`)
      assert.match(stopped.stderr, /saved in the checkpoint folder/)
      assert.throws(() => place.model(), /ENOENT/)
    }
    const log = await place.train('wide-deep', rows, spec)
    assert.match(log, /going on from the checkpoint/)
    assert.deepEqual(place.model(), undisturbed.model())
  })

  test('stopped among the sentence vectors it ends 75 too, with those that it has', async (t) => {
    const place = bench(t)
    place.give(smallBot(), quick)
    const started = place.start('wide-deep', 'train')
    started.stopAt((line) => line.startsWith('trying the sentence vectors'))
    const stopped = await started.ended
    assert.equal(stopped.exitCode, 75, stopped.stderr)
    assert.match(stopped.stderr, /among the sentence vectors; saved in the checkpoint folder/)
  })

  test('a time budget that is too short means fewer epochs, and is said', async (t) => {
    const place = bench(t, { cache })
    const spec = { timeBudgetSeconds: 2, hyperparameters: { epochs: 1000, patience: 1000 } }
    const log = await place.train('wide-deep', smallBot(), spec)
    assert.match(log, /The time budget of 2 s is too short for 1000\.0 epochs: going on with \d+\.\d\./)
  })
})
