import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findEncoder } from '../../../services/trainer/embedding/encoder-package.ts'
import { tokenizer } from '../../../services/trainer/embedding/tokenizer.ts'

/** As the tokenizer of @tensorflow-models/universal-sentence-encoder 1.3.3 cuts them. */
const known: readonly (readonly [string, readonly number[]])[] = [
  ['what is my account balance', [87, 18, 69, 826, 2620]],
  ["I've lost my credit card!", [16, 13, 105, 1064, 69, 1203, 1305, 78]],
  ['reschedule tomorrow’s 10:30 appointment', [137, 7, 5191, 3849, 4579, 2390, 7, 320, 4177, 6066]],
  ['antidisestablishmentarianism', [1531, 3175, 281, 1112, 2873, 284, 3619, 639]],
  ['two  spaces and a trailing one ', [174, 30, 1016, 7, 12, 11, 5578, 23, 66, 30]],
  ['Grüße aus Zürich', [223, 93, 6980, 0, 59, 11, 298, 1677, 6980, 5535]],
  ['今日の天気はどうですか', [30, 0]],
  ['☀️🌧️ please', [30, 0, 1416]],
  ['ＦＵＬＬ width', [189, 4664, 277, 7916]],
  ['naïve café', [1216, 0, 105, 976, 209, 1133]],
  ['xqzjv', [649, 1111, 309, 785, 278]],
  ['', []],
  [' ', [30, 30]],
]

function encoderTokenizer() {
  const encoder = findEncoder()
  assert.ok(encoder)
  return tokenizer(JSON.parse(readFileSync(join(encoder.folder, 'vocab.json'), 'utf8')))
}

test('texts are cut into the pieces that the encoder was trained on', () => {
  const tokenize = encoderTokenizer()
  for (const [text, pieces] of known) assert.deepEqual(tokenize(text), pieces, text)
})

test('of an enormous text only the beginning is read', () => {
  const tokenize = encoderTokenizer()
  const pieces = tokenize('a long complaint '.repeat(60_000))
  assert.equal(pieces.length, 128)
  assert.deepEqual(pieces, tokenize('a long complaint '.repeat(100)).slice(0, 128))
})
