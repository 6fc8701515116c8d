import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { Confusion } from '../../../schemas/evaluation.ts'
import { confusionGrid, confusionMatrix, mistakes } from '../../../services/cli/render/confusion.ts'
import { makeStyle } from '../../../services/cli/render/style.ts'

const confusion: Confusion = {
  intents: ['card_lost', 'balance', null],
  cells: [
    [0, 0, 10],
    [0, 1, 1],
    [1, 1, 4],
    [1, 0, 3],
    [2, 2, 5],
  ],
}
const plain = makeStyle(false)

test('mistakes come most frequent first, with the rows that were meant so', () => {
  assert.deepEqual(mistakes(confusion), [
    { meant: 'balance', answered: 'card_lost', count: 3, rows: 7 },
    { meant: 'card_lost', answered: 'balance', count: 1, rows: 11 },
  ])
})

test('the grid has a line per intent that was meant and a column per answer', () => {
  assert.equal(
    confusionGrid(confusion, plain, 80),
    [
      '                   1  2  3',
      'card_lost      1  10  1  ·',
      'balance        2   3  4  ·',
      '(out of scope) 3   ·  ·  5',
      '',
    ].join('\n'),
  )
})

test('colours add nothing but colours', () => {
  const coloured = confusionGrid(confusion, makeStyle(true), 80) ?? ''
  assert.notEqual(coloured, confusionGrid(confusion, plain, 80))
  assert.equal(stripVTControlCharacters(coloured), confusionGrid(confusion, plain, 80))
})

test('a grid that only fits without gaps is drawn only where colours keep its cells apart', () => {
  const columns = '(out of scope) 3'.length + 1 + 3 * 2
  assert.equal(confusionGrid(confusion, plain, columns), undefined)
  const narrow = stripVTControlCharacters(confusionGrid(confusion, makeStyle(true), columns) ?? '')
  assert.match(narrow, /^card_lost {6}1 10 1 ·$/m)
})

test('a matrix too wide for the terminal is given as the list of its mistakes', () => {
  const text = confusionMatrix(confusion, plain, 20)
  assert.match(text, /3 intents wide, too wide to draw here/)
  assert.match(text, /^balance +card_lost +3 of 7 +42\.9 %$/m)
})
