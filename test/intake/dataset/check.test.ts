import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { datasetReader, describeProblems, type Problem } from '../../../services/intake/dataset/check.ts'
import { check, limits, linesOf, usable } from './datasets.ts'

const good = [
  { text: 'good morning', intent: 'greet' },
  { text: 'hello there', intent: 'greet' },
  { text: 'pay my bill', intent: 'pay' },
  { text: 'what is the meaning of life', intent: null },
]

describe('a dataset that cannot be used is refused with line and field', () => {
  const cases: { name: string; content: string | Uint8Array; problems: Problem[] }[] = [
    { name: 'nothing at all', content: '', problems: [{ message: 'empty: expected one JSON object a line' }] },
    {
      name: 'blank lines alone',
      content: '\n \r\n',
      problems: [{ message: 'empty: expected one JSON object a line' }],
    },
    {
      name: 'one intent only',
      content: linesOf(good.slice(0, 2)),
      problems: [{ message: 'one intent only: expected two or more' }],
    },
    {
      name: 'out-of-scope examples alone',
      content: linesOf(good.slice(3)),
      problems: [{ message: 'no intent: expected two or more' }],
    },
    {
      name: 'a broken line',
      content: `${linesOf(good)}{"text": "half`,
      problems: [{ line: 5, message: 'not JSON' }],
    },
    {
      name: 'a line that is no object',
      content: `${linesOf(good)}[1]\n`,
      problems: [{ line: 5, message: 'expected an object with text and intent' }],
    },
    {
      name: 'a missing text and a wrong intent',
      content: `${linesOf(good)}{"intent": 7}\n`,
      problems: [
        { line: 5, field: 'text', message: 'expected a text' },
        {
          line: 5,
          field: 'intent',
          message: 'expected an intent of 1 to 200 characters, or null for an out-of-scope example',
        },
      ],
    },
    {
      name: 'a missing intent',
      content: `${linesOf(good)}{"text": "secret words"}\n`,
      problems: [
        {
          line: 5,
          field: 'intent',
          message: 'expected an intent of 1 to 200 characters, or null for an out-of-scope example',
        },
      ],
    },
    {
      name: 'a text of white space',
      content: `${linesOf(good)}{"text": " \\u00a0\\n", "intent": "pay"}\n`,
      problems: [{ line: 5, field: 'text', message: 'nothing but white space' }],
    },
    {
      name: 'NUL in a text',
      content: `${linesOf(good)}{"text": "a\\u0000b", "intent": "pay"}\n`,
      problems: [{ line: 5, field: 'text', message: 'holds NUL or half of a surrogate pair' }],
    },
    {
      name: 'a lone surrogate in an id',
      content: `${linesOf(good)}{"text": "ab", "intent": "pay", "id": "\\ud800"}\n`,
      problems: [{ line: 5, field: 'id', message: 'holds NUL or half of a surrogate pair' }],
    },
    {
      name: 'an unknown side',
      content: `${linesOf(good)}{"text": "ab", "intent": "pay", "split": "test"}\n`,
      problems: [{ line: 5, field: 'split', message: 'expected train or held-out' }],
    },
    {
      name: 'bytes that are not UTF-8',
      content: Buffer.concat([
        Buffer.from(linesOf(good)),
        Buffer.from('{"text": "caf\xe9", "intent": "pay"}', 'latin1'),
      ]),
      problems: [{ line: 5, message: 'not UTF-8' }],
    },
    {
      name: 'a text that is too long',
      content: linesOf([...good, { text: 'a'.repeat(201), intent: 'pay' }]),
      problems: [{ line: 5, field: 'text', message: 'longer than 200 characters' }],
    },
    {
      name: 'a text with two explicit sides',
      content: `${linesOf(good)}{"text": "Pay it", "intent": "pay", "split": "train"}\n{"text": "pay  it ", "intent": "pay", "split": "held-out"}\n`,
      problems: [{ line: 6, field: 'split', message: '"held-out", and the same text is "train" on line 5' }],
    },
  ]
  for (const { name, content, problems } of cases) {
    test(name, () => {
      assert.deepEqual(check(content), { ok: false, tooLarge: false, problems, more: 0 })
    })
  }

  test('a surrogate half in an intent', () => {
    const result = check(`${linesOf(good)}{"text": "ab", "intent": "\\udc00"}\n`)
    assert.ok(!result.ok)
    assert.deepEqual(
      result.problems.map(({ line, field }) => ({ line, field })),
      [{ line: 5, field: 'intent' }],
    )
  })

  test('each limit of size, said as such', () => {
    const content = linesOf(good)
    assert.deepEqual(check(content, { bytes: 100 }), {
      ok: false,
      tooLarge: true,
      problems: [{ message: 'more than 100 bytes' }],
      more: 0,
    })
    assert.deepEqual(check(content, { rows: 3 }), {
      ok: false,
      tooLarge: true,
      problems: [{ line: 4, message: 'more than 3 rows' }],
      more: 0,
    })
    assert.deepEqual(check(content, { intents: 1 }), {
      ok: false,
      tooLarge: true,
      problems: [{ line: 3, message: 'more than 1 intents' }],
      more: 0,
    })
  })

  test('a thousand broken lines are counted, and the first ones named', () => {
    const result = check('{"text": "secret"}\n'.repeat(500))
    assert.ok(!result.ok)
    assert.equal(result.problems.length + result.more, 500)
    assert.equal(result.problems.length, 20)
    assert.match(describeProblems(result), /^line 1: intent: .*; and 497 more$/)
  })

  test('no answer repeats what the dataset says', () => {
    const secret = 'account 4711'
    const bad = [
      `{"text": "${secret}", "intent": ["${secret}"], "split": "${secret}", "id": 1}`,
      `{"${secret}`,
      `{"text": "${secret}", "intent": "a", "split": "train"}`,
      `{"text": "${secret}", "intent": "a", "split": "held-out"}`,
    ]
    assert.ok(!JSON.stringify(check(bad.join('\n'))).includes(secret))
  })
})

describe('a dataset that can be used', () => {
  test('is read the same with a byte-order mark, carriage returns and without a last newline', () => {
    const whole = usable(linesOf(good))
    const other = `\uFEFF${linesOf(good).replaceAll('\n', '\r\n').trimEnd()}`
    assert.deepEqual(usable(other).texts, whole.texts)
    assert.equal(whole.rows, 4)
    assert.deepEqual(whole.intents, ['greet', 'pay'])
  })

  test('is read the same in pieces of any size, through letters and line ends', () => {
    const content = Buffer.from(linesOf([...good, { text: 'où est le café ☕', intent: 'find' }]))
    for (const size of [1, 2, 3, 7, 64]) {
      const reader = datasetReader(limits)
      for (let at = 0; at < content.byteLength; at += size) reader.add(content.subarray(at, at + size))
      assert.deepEqual(reader.end(), check(content))
    }
  })

  test('reports the same text under two intents, and rows that only repeat', () => {
    const { remarks, texts } = usable(
      linesOf([...good, { text: 'PAY  my bill', intent: 'greet' }, { text: 'Pay my bill', intent: 'pay' }]),
    )
    assert.deepEqual(remarks, [
      { message: '1 row has the same text as on an earlier line, under another intent', lines: [5] },
      { message: '1 row has the same text and intent as on an earlier line; counted once', lines: [6] },
    ])
    assert.deepEqual(texts.find(({ line }) => line === 3)?.intents, ['pay', 'greet'])
  })
})
