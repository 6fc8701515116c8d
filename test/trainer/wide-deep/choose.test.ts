import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { embedder } from '../../../services/trainer/embedding/embed.ts'
import { findEncoder, vectorSize } from '../../../services/trainer/embedding/encoder-package.ts'
import { encodingHere } from '../../../services/trainer/embedding/encoding.ts'
import { openStore } from '../../../services/trainer/embedding/vector-store.ts'
import { learnVocabulary, vectorsOf } from '../../../services/trainer/text/vocabulary.ts'
import { type Choice, choose } from '../../../services/trainer/wide-deep/choose.ts'
import { smallBot } from '../harness.ts'

const intents = [...new Set(smallBot().map(({ intent }) => intent))]
const english = smallBot().map(({ text }) => text)
/** As hard for n-grams, and without a word that the encoder knows. */
const otherScript = english.map((text) =>
  text.replace(/[a-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) - 'a'.charCodeAt(0) + 'а'.charCodeAt(0))),
)

/** The intents, and every so many-th text under another one. */
function labels(wrongEvery: number): Int32Array {
  return Int32Array.from(smallBot(), ({ intent }, at) => {
    const right = intents.indexOf(intent)
    return at % wrongEvery === 0 ? (right + 1 + (at % (intents.length - 1))) % intents.length : right
  })
}

async function encoded(texts: readonly string[]): Promise<Float32Array> {
  const encoder = findEncoder()
  assert.ok(encoder)
  const { version, folder } = encoder
  const store = openStore({ cache: undefined, version, nowMs: Date.now, log: assert.fail })
  return embedder(encoder, encodingHere(folder), store).embed(texts, new AbortController().signal)
}

function choiceFor(texts: readonly string[], vectors: Float32Array, classOf: Int32Array): Choice {
  const vocabulary = learnVocabulary(texts, 2 ** 16)
  const rows = vocabulary.weights.length
  return choose({ ngrams: vectorsOf(texts, vocabulary), rows, vectors, classOf, classes: intents.length })
}

describe('whether sentence vectors are of use', () => {
  let known: Float32Array
  let unknown: Float32Array
  before(async () => {
    known = await encoded(english)
    unknown = await encoded(otherScript)
  })

  const wrongs = {
    'all labels right': Number.POSITIVE_INFINITY,
    'a tenth of them wrong': 10,
    'a fifth of them wrong': 5,
  }
  for (const [name, wrongEvery] of Object.entries(wrongs)) {
    test(`they are for texts in English, and aren't for words that the encoder doesn't know, with ${name}`, () => {
      assert.equal(choiceFor(english, known, labels(wrongEvery)).useful, true)
      assert.equal(choiceFor(otherScript, unknown, labels(wrongEvery)).useful, false)
    })
  }

  test('they are not where no intent has two texts, for then nothing can be measured', () => {
    const texts = english.slice(0, intents.length)
    const vectors = known.subarray(0, texts.length * vectorSize)
    assert.equal(choiceFor(texts, vectors, Int32Array.from(texts.keys())).useful, false)
  })
})
