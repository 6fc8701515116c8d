import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { assertBadInput, outOfScope, type Row, smallBot, specFor } from '../trainer/harness.ts'
import { lockedPython, program, pythonBench } from './program.ts'

const good = specFor(smallBot())

describe('a wrong call ends with 10 and one sentence', () => {
  for (const words of [['fly'], ['train', 'predict'], []]) {
    test(`called with "${words.join(' ')}"`, async () => {
      const ended = spawnSync(await lockedPython(), [program, ...words], { encoding: 'utf8' })
      assertBadInput({ ...ended, exitCode: ended.status }, /expected "train" or "predict"/)
    })
  }

  test('without its folders in the environment', async () => {
    const ended = spawnSync(await lockedPython(), [program, 'train'], { encoding: 'utf8', env: {} })
    assertBadInput({ ...ended, exitCode: ended.status }, /TRAINYARD_INPUT_DIR is not set/)
  })

  test('with an input folder that is empty', async (t) => {
    const place = await pythonBench(t)
    assertBadInput(await place.run('keras', 'train'), /spec\.json is missing/)
  })
})

describe('what is wrong with the spec is bad input, and the field is named', { concurrency: 2 }, () => {
  const wrong: Readonly<Record<string, [object, RegExp]>> = {
    'a later contract version': [{ contractVersion: 2 }, /contractVersion: expected 1, got 2\./],
    'a negative seed': [{ seed: -1 }, /seed: expected a whole number ≥ 0, got -1\./],
    'a time budget of nothing': [{ timeBudgetSeconds: 0 }, /timeBudgetSeconds: expected a number above 0, got 0\./],
    'hyperparameters that are a list': [{ hyperparameters: [] }, /hyperparameters: expected an object, got a list\./],
    'an intent named twice': [{ intents: ['a', 'a'] }, /intents: expected each name once/],
    'intents that are no names': [{ intents: [1] }, /intents: expected a list of names/],
    'a hyperparameter out of its range': [
      { hyperparameters: { epochs: 0.5 } },
      /epochs: expected a whole number from 1 to 1000\./,
    ],
    'a hyperparameter that there is not': [
      { hyperparameters: { epoch: 5 } },
      /hyperparameters\.epoch: there is no such hyperparameter, only epochs, /,
    ],
  }
  for (const [name, [change, message]] of Object.entries(wrong)) {
    test(name, async (t) => {
      const place = await pythonBench(t)
      place.give(smallBot())
      place.write('spec.json', JSON.stringify({ ...good, ...change }))
      assertBadInput(await place.run('keras', 'train'), message)
    })
  }
})

describe('what is wrong with the data is bad input: the line is named, and not what it holds', {
  concurrency: 2,
}, () => {
  const wrong: Readonly<Record<string, [string, RegExp]>> = {
    'a line that is not JSON': ['{"text": secret', /^train\.jsonl, line 2: is not JSON/],
    'a line that is a list': ['["secret"]', /^train\.jsonl, line 2: is not a JSON object/],
    'a text that is a number': ['{"text": 1, "intent": "alarm"}', /line 2: text: expected a string, got a number\./],
    'an intent that the spec does not name': ['{"text": "a", "intent": "secret"}', /line 2: intent: expected null or/],
    'no intent': ['{"text": "secret"}', /line 2: intent: expected null or a name from the intents of spec\.json\./],
  }
  for (const [name, [line, message]] of Object.entries(wrong)) {
    test(name, async (t) => {
      const place = await pythonBench(t)
      place.give(smallBot())
      place.write('train.jsonl', `{"text": "wake me", "intent": "alarm"}\n${line}\n`)
      const ended = await place.run('keras', 'train')
      assertBadInput(ended, message)
      assert.doesNotMatch(ended.stderr, /secret/)
    })
  }

  const empty: Readonly<Record<string, [readonly Row[], RegExp]>> = {
    'no line': [[], /train\.jsonl holds no example/],
    'one intent only': [smallBot().slice(0, 40), /holds one intent only/],
    'only out-of-scope examples': [outOfScope(), /holds only out-of-scope examples/],
  }
  for (const [name, [rows, message]] of Object.entries(empty)) {
    test(name, async (t) => {
      const place = await pythonBench(t)
      place.give(rows)
      assertBadInput(await place.run('keras', 'train'), message)
    })
  }

  test('not UTF-8', async (t) => {
    const place = await pythonBench(t)
    place.give(smallBot())
    place.write('train.jsonl', Buffer.from('{"text": "café", "intent": "alarm"}', 'latin1'))
    assertBadInput(await place.run('keras', 'train'), /train\.jsonl is not UTF-8/)
  })

  test('no model to predict with', async (t) => {
    const place = await pythonBench(t)
    assertBadInput(await place.run('keras', 'predict'), /model\.json is missing/)
  })
})
