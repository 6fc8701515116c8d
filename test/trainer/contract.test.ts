import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ProgramSpec } from '../../schemas/program.ts'
import { ProgramEnd } from '../../services/trainer/contract/outcome.ts'
import { readExamples, readTexts } from '../../services/trainer/contract/rows.ts'
import { readSpec } from '../../services/trainer/contract/spec.ts'
import { bench, isOneSentence, smallBot, specFor } from './harness.ts'

const main = fileURLToPath(new URL('../../services/trainer/main.ts', import.meta.url))

describe('a wrong call ends with 10 and one sentence', { concurrency: 2 }, () => {
  for (const words of [['unknown', 'train'], ['wide', 'fly'], ['constructor', 'train'], []]) {
    test(`called with "${words.join(' ')}"`, () => {
      const ended = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' })
      assert.equal(ended.status, 10)
      assert.ok(isOneSentence(ended.stderr), ended.stderr)
      assert.match(ended.stderr, /wide\|echo train\|predict/)
    })
  }

  test('without its folders in the environment', () => {
    const ended = spawnSync(process.execPath, [main, 'echo', 'train'], { encoding: 'utf8', env: {} })
    assert.equal(ended.status, 10)
    assert.match(ended.stderr, /TRAINYARD_INPUT_DIR is not set/)
  })

  test('with an input folder that is empty', async (t) => {
    const ended = await bench(t).run('wide', 'train')
    assert.equal(ended.exitCode, 10)
    assert.ok(isOneSentence(ended.stderr), ended.stderr)
    assert.match(ended.stderr, /spec\.json is missing/)
  })
})

/** A folder that holds this file alone. */
function folderWith(t: TestContext, file: string, content: string | Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-contract-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, file), content)
  return folder
}

function assertBadInput(read: () => unknown, message: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof ProgramEnd)
    assert.equal(error.exitCode, 10)
    assert.ok(isOneSentence(`${error.message}\n`), error.message)
    assert.match(error.message, message)
    return true
  })
}

describe('what is wrong with the spec is bad input, and the field is named', () => {
  const good = specFor(smallBot())
  const wrong: Readonly<Record<string, [object, RegExp]>> = {
    'a later contract version': [{ contractVersion: 2 }, /contractVersion: expected 1, got 2/],
    'a negative seed': [{ seed: -1 }, /seed: expected a whole number ≥ 0, got -1/],
    'no attempt': [{ attempt: null }, /attempt: expected a whole number ≥ 1/],
    'a time budget of nothing': [{ timeBudgetSeconds: 0 }, /timeBudgetSeconds: expected a number above 0/],
    'hyperparameters that are a list': [{ hyperparameters: [] }, /hyperparameters: expected an object, got a list/],
    'intents that are no names': [{ intents: [1] }, /intents: expected a list of names/],
    'an intent named twice': [{ intents: ['a', 'a'] }, /intents: expected each name once/],
  }
  for (const [name, [change, message]] of Object.entries(wrong)) {
    test(name, (t) => {
      const folder = folderWith(t, 'spec.json', JSON.stringify({ ...good, ...change }))
      assertBadInput(() => readSpec(folder), message)
    })
  }

  test('not JSON', (t) => {
    const folder = folderWith(t, 'spec.json', '{')
    assertBadInput(() => readSpec(folder), /spec\.json is not JSON/)
  })

  test('fields that a later Trainyard adds are no error', (t) => {
    const later: ProgramSpec & { colour: string } = { ...good, colour: 'blue' }
    assert.deepEqual(readSpec(folderWith(t, 'spec.json', JSON.stringify(later))).intents, good.intents)
  })
})

describe('what is wrong with the data is bad input: the line is named, and not what it holds', () => {
  const wrong: Readonly<Record<string, [string, RegExp]>> = {
    'a line that is not JSON': ['{"text": secret', /^train\.jsonl, line 2: is not JSON/],
    'a line that is a list': ['["secret"]', /^train\.jsonl, line 2: is not a JSON object/],
    'a text that is a number': ['{"text": 1, "intent": "greeting"}', /line 2: text: expected a string, got number/],
    'no intent': ['{"text": "secret"}', /line 2: intent: expected null or a name from the intents of spec\.json/],
    'an intent that the spec does not name': ['{"text": "a", "intent": "secret"}', /line 2: intent: expected null or/],
  }
  for (const [name, [line, message]] of Object.entries(wrong)) {
    test(name, (t) => {
      const folder = folderWith(t, 'train.jsonl', `{"text": "hello", "intent": "greeting"}\n${line}\n`)
      assertBadInput(() => readExamples(folder, ['greeting']), message)
      assertBadInput(() => readExamples(folder, ['greeting']), /^(?!.*secret)/)
    })
  }

  test('no line', (t) => {
    const folder = folderWith(t, 'train.jsonl', '\n')
    assertBadInput(() => readExamples(folder, []), /train\.jsonl holds no example/)
  })

  test('not UTF-8', (t) => {
    const folder = folderWith(t, 'train.jsonl', Buffer.from('{"text": "café", "intent": "a"}', 'latin1'))
    assertBadInput(() => readExamples(folder, ['a']), /train\.jsonl is not UTF-8/)
  })

  test('an exam text without its id', (t) => {
    const folder = folderWith(t, 'texts.jsonl', '{"id": 1, "text": "hello"}')
    assertBadInput(() => readTexts(folder), /texts\.jsonl, line 1: id: expected a string, got number/)
  })
})
