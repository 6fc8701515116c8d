import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { featuresOf } from '../../../services/trainer/text/features.ts'
import { learnVocabulary, vectorsOf } from '../../../services/trainer/text/vocabulary.ts'

test('case, white space and the way that letters are composed make no difference', () => {
  assert.deepEqual(featuresOf('  Café \t OUVERT\n'), featuresOf('cafe\u0301 ouvert'))
})

test('the word and the same characters within a word are different features', () => {
  // The word, its two word pairs, and the character n-grams of " cat ": three of 3, two of 4, one of 5.
  assert.equal(featuresOf('cat').size, 1 + 2 + 3 + 2 + 1)
})

test('any text gives features without failing, and a blank one gives none', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => featuresOf(text).size >= 0))
  assert.equal(featuresOf(' \n\u3000').size, 0)
})

test('a text of known n-grams has length one; unknown ones make it shorter', () => {
  const texts = ['red apples', 'green apples']
  const vocabulary = learnVocabulary(texts, 1000)
  const lengthOf = (text: string) => Math.hypot(...vectorsOf([text], vocabulary).values)
  assert.ok(Math.abs(lengthOf('red apples') - 1) < 1e-6)
  assert.ok(lengthOf('red bananas') < 0.8)
  assert.equal(lengthOf('xyz'), 0)
})

test('where there is no room for all n-grams, those of most texts are kept', () => {
  const vocabulary = learnVocabulary(['red apples', 'green apples'], 20)
  assert.equal(vocabulary.rows.size, 20)
  const values = vectorsOf(['apples', 'green'], vocabulary)
  assert.ok((values.starts[1] ?? 0) > 15, 'what both texts have')
})
