import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
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
  test('a small bot, which texts are out of its scope, and words that no example has', async (t) => {
    const place = bench(t, { cache })
    const inScope = split(smallBot())
    const outside = split(outOfScope())
    const log = await place.train('wide-deep', [...inScope.train, ...outside.train])
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

  test('progress rises to 1, with loss, accuracy and the time left, and nothing of the dataset in the log', async (t) => {
    const log = await bench(t, { cache }).train('wide-deep', smallBot(), quick)
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
    for (const { text, intent } of smallBot()) assert.ok(!log.includes(text) && !log.includes(`${intent}`))
  })

  test('the model card tells the data, the figures, the suspicious labels and what the model is not for', async (t) => {
    const place = bench(t, { cache })
    const [first, ...rest] = smallBot()
    assert.ok(first)
    const mislabelled = { ...first, intent: 'alarm' }
    const log = await place.train('wide-deep', [
      mislabelled,
      ...rest,
      { ...mislabelled, intent: 'greeting' },
      ...outOfScope(),
    ])
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
  test('the same seed and data give the same bytes, with vectors just computed or found in the cache', async (t) => {
    const models = []
    for (const place of [bench(t), bench(t, { cache }), bench(t, { cache })]) {
      await place.train('wide-deep', smallBot().slice(0, 80), { ...quick, attempt: models.length + 1 })
      models.push(place.model())
    }
    assert.deepEqual(models[1], models[0])
    assert.deepEqual(models[2], models[0])
    assert.deepEqual([...(models[0]?.keys() ?? [])], ['README.md', 'head.bin', 'model.json', 'table.bin'])
  })

  test('damaged vectors in the cache are computed again, and the model is the same', async (t) => {
    const own = sharedCache()
    const rows = smallBot().slice(0, 80)
    const first = bench(t, { cache: own })
    await first.train('wide-deep', rows, quick)
    const files = readdirSync(own, { recursive: true, encoding: 'utf8' })
      .map((name) => join(own, name))
      .filter((path) => statSync(path).isFile())
    for (const [at, path] of files.entries()) if (at % 10 === 0) writeFileSync(path, 'not a vector')
    const again = bench(t, { cache: own })
    await again.train('wide-deep', rows, quick)
    assert.deepEqual(again.model(), first.model())
    assert.ok(files.every((path) => statSync(path).size > 2048))
  })

  test('stopped by SIGTERM it saves, ends 75, goes on there, and ends with the bytes of an undisturbed run', async (t) => {
    const spec = { hyperparameters: { epochs: 70, patience: 1000 } }
    const rows = smallBot().slice(0, 80)
    const undisturbed = bench(t, { cache })
    await undisturbed.train('wide-deep', rows, spec)

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
