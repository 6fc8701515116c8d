import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertBadInput, type Bench, bench, outOfScope, type Row, smallBot, split, unusualTexts } from '../harness.ts'

const isProgress = (line: string) => line.startsWith('{')

async function accuracy(place: Bench, exam: readonly Row[]): Promise<number> {
  const texts = exam.map(({ text }) => text)
  const answers = await place.answer('wide', texts)
  return answers.filter(({ intent }, at) => intent === exam[at]?.intent).length / exam.length
}

describe('wide learns', { concurrency: 2 }, () => {
  test('a small bot, and which texts are out of its scope', async (t) => {
    const place = bench(t)
    const inScope = split(smallBot())
    const outside = split(outOfScope())
    await place.train('wide', [...inScope.train, ...outside.train])
    assert.ok((await accuracy(place, inScope.exam)) > 0.9)
    assert.ok((await accuracy(place, outside.exam)) > 0.5)
    const [gibberish] = await place.answer('wide', ['zyx wvut srq pon'])
    assert.equal(gibberish?.intent, null)
  })

  test('two intents from two examples each', async (t) => {
    const place = bench(t)
    await place.train('wide', [
      { text: 'what is my balance', intent: 'balance' },
      { text: 'show my balance please', intent: 'balance' },
      { text: 'will it rain', intent: 'weather' },
      { text: 'rain or sunshine', intent: 'weather' },
    ])
    const exam = [
      { text: 'my balance', intent: 'balance' },
      { text: 'rain tomorrow', intent: 'weather' },
    ]
    assert.equal(await accuracy(place, exam), 1)
  })

  test('one intent against out-of-scope examples', async (t) => {
    const place = bench(t)
    const only = smallBot().filter(({ intent }) => intent === 'weather')
    await place.train('wide', [...only, ...outOfScope()])
    assert.ok((await accuracy(place, [...only, ...outOfScope()])) > 0.9)
  })

  test('in scripts without spaces, from emoji alone, beside empty and enormous texts', async (t) => {
    const place = bench(t)
    const log = await place.train('wide', unusualTexts)
    assert.match(log, /1 texts are longer than 5000 characters/)
    const texts = ['天気', '残高', '☀️🌧️', '💰🏦', '', '\u3000 \t', 'complaint '.repeat(100_000)]
    const answers = await place.answer('wide', texts)
    const intents = answers.map(({ intent }) => intent)
    assert.deepEqual(intents.slice(0, 4), ['weather', 'balance', 'weather', 'balance'])
    assert.equal(answers.length, texts.length)
  })
})

describe('what wide answers', { concurrency: 2 }, () => {
  test('every id once, the likeliest first, with probabilities that a grader can use', async (t) => {
    const place = bench(t)
    const rows = [...smallBot(), ...outOfScope()]
    await place.train('wide', rows)
    const answers = await place.answer(
      'wide',
      rows.map(({ text }) => text),
    )
    assert.deepEqual(new Set(answers.map(({ id }) => id)).size, rows.length)
    for (const { intent, confidence, top } of answers) {
      assert.deepEqual(top[0], [intent, confidence])
      const shares = top.map(([, share]) => share)
      assert.deepEqual(
        shares,
        [...shares].sort((a, b) => b - a),
      )
      assert.ok(shares.reduce((sum, share) => sum + share, 0) < 1 + 1e-9)
      assert.ok(shares.every((share) => share >= 0))
    }
  })

  test('null only where it was shown examples of it', async (t) => {
    const place = bench(t)
    await place.train('wide', smallBot())
    const answers = await place.answer(
      'wide',
      outOfScope().map(({ text }) => text),
    )
    assert.ok(answers.every(({ top }) => top.every(([intent]) => intent !== null)))
  })
})

describe('what wide refuses, with 10 and one sentence', { concurrency: 2 }, () => {
  const refused: Readonly<Record<string, [Row[], object, RegExp]>> = {
    'one intent only': [smallBot().slice(0, 40), {}, /holds one intent only/],
    'only out-of-scope examples': [outOfScope(), {}, /holds only out-of-scope examples/],
    'a hyperparameter out of its range': [
      smallBot(),
      { epochs: 0.5 },
      /epochs: expected a whole number from 1 to 1000/,
    ],
  }
  for (const [name, [rows, hyperparameters, message]] of Object.entries(refused)) {
    test(name, async (t) => {
      const place = bench(t)
      place.give(rows, { hyperparameters: { ...hyperparameters } })
      assertBadInput(await place.run('wide', 'train'), message)
    })
  }

  test('a model that is cut short, or of another program', async (t) => {
    const place = bench(t)
    await place.train('wide', smallBot())
    place.takeModel()
    place.write('texts.jsonl', '')
    place.write('model/table.bin', 'short')
    const cut = await place.run('wide', 'predict')
    assert.deepEqual([cut.exitCode, /table\.bin has 5 bytes/.test(cut.stderr)], [10, true])
    place.write('model/model.json', '{"format": "other"}')
    const other = await place.run('wide', 'predict')
    assert.deepEqual([other.exitCode, /is no trainyard-wide-1 model/.test(other.stderr)], [10, true])
  })
})

describe('how wide trains', { concurrency: 2 }, () => {
  test('the same seed and data give the same bytes, another seed gives others', async (t) => {
    const models = []
    for (const seed of [7, 7, 2 ** 40 + 7]) {
      const place = bench(t)
      // Not the same attempt, run and generation: none of them may show in the model.
      const attempt = models.length + 1
      await place.train('wide', [...smallBot(), ...outOfScope()], { seed, attempt, generation: attempt })
      models.push(place.model())
    }
    const [first, again, other] = models
    assert.deepEqual(again, first)
    assert.notDeepEqual(other?.get('table.bin'), first?.get('table.bin'))
  })

  test('stopped by SIGTERM it saves, ends 75, goes on there, and ends with the bytes of an undisturbed run', async (t) => {
    const spec = { hyperparameters: { epochs: 100 } }
    const rows = smallBot()
    const undisturbed = bench(t)
    await undisturbed.train('wide', rows, spec)

    const place = bench(t)
    place.give(rows, spec)
    for (const round of [1, 2]) {
      const started = place.start('wide', 'train')
      started.stopAt(isProgress)
      const stopped = await started.ended
      assert.equal(stopped.exitCode, 75, `stop ${round}: ${stopped.stderr}`)
      assert.match(stopped.stderr, /saved in the checkpoint folder/)
      assert.throws(() => place.model(), /ENOENT/)
    }
    const log = await place.train('wide', rows, spec)
    assert.match(log, /going on from the checkpoint/)
    assert.deepEqual(place.model(), undisturbed.model())
  })

  test('a checkpoint of other data is not gone on from', async (t) => {
    const place = bench(t)
    place.give(smallBot(), { hyperparameters: { epochs: 100 } })
    const started = place.start('wide', 'train')
    started.stopAt(isProgress)
    assert.equal((await started.ended).exitCode, 75)
    const log = await place.train('wide', smallBot().slice(1))
    assert.doesNotMatch(log, /going on/)
    const fresh = bench(t)
    await fresh.train('wide', smallBot().slice(1))
    assert.deepEqual(place.model(), fresh.model())
  })

  test('progress only rises, and ends at 1', async (t) => {
    const log = await bench(t).train('wide', smallBot())
    const progress = log.split('\n').filter(isProgress)
    const done = progress.map((line): number => JSON.parse(line).progress)
    assert.ok(done.length > 3)
    assert.deepEqual(
      done,
      [...done].sort((a, b) => a - b),
    )
    assert.equal(done.at(-1), 1)
  })

  test('a time budget that is too short means fewer epochs, and is said', async (t) => {
    const place = bench(t)
    const spec = { timeBudgetSeconds: 0.01, hyperparameters: { epochs: 1000 } }
    const log = await place.train('wide', smallBot(), spec)
    assert.match(log, /The time budget of 0\.01 s is too short for 1000\.0 epochs: going on with \d+\.\d\./)
    assert.equal((await place.answer('wide', ['hello'])).length, 1)
  })
})
