import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { lastWords } from '../../../services/trainer/contract/outcome.ts'
import { assertBadInput, bench, isOneSentence, outOfScope, type Row, smallBot, unusualTexts } from '../harness.ts'
import { sharedCache, withoutEncoder } from './given.ts'

const cache = sharedCache()
const few = smallBot().filter((_, at) => at % 4 === 0)
const quick = { hyperparameters: { epochs: 3 } }

describe('what wide-deep refuses, with 10 and one sentence', () => {
  const refused: Readonly<Record<string, [Row[], object, RegExp]>> = {
    'one intent only': [few.slice(0, 10), {}, /holds one intent only/],
    'only out-of-scope examples': [outOfScope(), {}, /holds only out-of-scope examples/],
    'a hyperparameter of another program': [few, { learningRate: 0.1 }, /learningRate: wide-deep knows no such/],
    'a hyperparameter out of its range': [few, { hiddenDropout: 1 }, /hiddenDropout: expected a number from 0 to 0\.9/],
  }
  for (const [name, [rows, hyperparameters, message]] of Object.entries(refused)) {
    test(name, async (t) => {
      const place = bench(t)
      place.give(rows, { hyperparameters: { ...hyperparameters } })
      assertBadInput(await place.run('wide-deep', 'train'), message)
    })
  }

  test('a model that is cut short, of another program, or of another encoder', async (t) => {
    const place = bench(t, { cache })
    await place.train('wide-deep', few, quick)
    place.takeModel()
    place.write('texts.jsonl', '{"id": "one", "text": "hello"}\n')
    const description = place.model().get('model.json')?.toString() ?? ''
    const changes: readonly [string, string, RegExp][] = [
      ['head.bin', 'short', /head\.bin has 5 bytes/],
      [
        'model.json',
        description.replace('embeddings-en@', 'embeddings-en@9.'),
        /was trained on .*install that version/,
      ],
      ['model.json', '{"format": "other"}', /is no trainyard-wide-deep-1 model/],
    ]
    for (const [file, content, message] of changes) {
      place.takeModel()
      place.write(`model/${file}`, content)
      const ended = await place.run('wide-deep', 'predict')
      assert.equal(ended.exitCode, 10)
      assert.ok(isOneSentence(ended.stderr), ended.stderr)
      assert.match(ended.stderr, message)
    }
  })
})

describe('what wide-deep makes the best of', () => {
  test('one example per intent: it trains, and says that it cannot tell how well', async (t) => {
    const place = bench(t, { cache })
    const rows = smallBot().filter(({ intent }, at, all) => all.findIndex((one) => one.intent === intent) === at)
    assert.match(await place.train('wide-deep', rows, quick), /no example could be held out/)
    assert.match(place.model().get('README.md')?.toString() ?? '', /No example could be held out, so there are none/)
    const [answer] = await place.answer('wide-deep', [rows[0]?.text ?? ''])
    assert.equal(answer?.intent, rows[0]?.intent)
  })

  test('another script, emoji alone, empty and enormous texts', async (t) => {
    const place = bench(t, { cache })
    const log = await place.train('wide-deep', unusualTexts, quick)
    assert.match(log, /learning vectors of n-grams instead/)
    assert.match(log, /1 texts are longer than 5000 characters/)
    const texts = ['天気を教えて', '残高を見せて', '☀️🌧️', '💰🏦', '', '\u3000 \t', 'complaint '.repeat(100_000)]
    assert.equal((await place.answer('wide-deep', texts)).length, texts.length)
  })

  test('no encoder installed: it learns vectors of n-grams instead, and says so', async (t) => {
    const place = bench(t, { commandOf: withoutEncoder })
    const log = await place.train('wide-deep', smallBot(), { hyperparameters: { epochs: 8 } })
    assert.match(log, /the package of the sentence encoder is not installed: learning vectors of n-grams instead/)
    assert.ok(place.model().has('ngram-vectors.bin'))
    const answers = await place.answer('wide-deep', ['will it rain on Friday', 'show me my balance'])
    assert.deepEqual(
      answers.map(({ intent }) => intent),
      ['weather', 'balance'],
    )
  })

  test('ten thousand intents, within a time budget that has no room for them', async (t) => {
    const place = bench(t, { commandOf: withoutEncoder })
    const rows = Array.from({ length: 10_000 }, (_, at) => ({ text: `wish ${at}`, intent: `intent-${at}` }))
    const log = await place.train('wide-deep', rows, { timeBudgetSeconds: 1, hyperparameters: {} })
    assert.match(log, /too short for/)
  })
})

describe('what ends wide-deep with 1 and one sentence', () => {
  test('an output folder that cannot be written to', async (t) => {
    const place = bench(t, { cache })
    place.give(few, quick)
    rmSync(join(place.folder, 'output'), { recursive: true })
    writeFileSync(join(place.folder, 'output'), '')
    const ended = await place.run('wide-deep', 'train')
    assert.equal(ended.exitCode, 1)
    assert.ok(isOneSentence(ended.stderr), ended.stderr)
    assert.match(ended.stderr, /output.*: give the program its folders/)
  })

  test('too little memory', () => {
    const errors = [
      new RangeError('Array buffer allocation failed'),
      new RangeError('WebAssembly.Memory(): could not allocate memory'),
      Object.assign(new Error('Worker terminated due to reaching memory limit'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }),
    ]
    for (const error of errors) assert.match(lastWords(error), /^The memory does not suffice \(.*memoryGiB\.$/)
  })
})
