import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeStyle } from '../../../services/cli/render/style.ts'
import { clip, facts, printable, table, visibleWidth } from '../../../services/cli/render/table.ts'

test('columns are aligned by what is seen, whatever colours and wide characters the cells hold', () => {
  const style = makeStyle(true)
  const text = table(
    [{ title: 'BOT' }, { title: 'ROWS', align: 'right' }, { title: 'STATE' }],
    [
      ['日本', '7', style.good('promoted')],
      ['helpdesk', '1,200', 'held'],
    ],
  )
  const lines = text.split('\n')
  assert.equal(lines[0], 'BOT        ROWS  STATE')
  assert.equal(lines[1], `日本          7  ${style.good('promoted')}`)
  assert.equal(lines[2], 'helpdesk  1,200  held')
})

test('names without a value are left out of a list of facts', () => {
  assert.equal(
    facts([
      ['bot', 'helpdesk'],
      ['actor', null],
      ['job type', 'intents'],
    ]),
    'bot:       helpdesk\njob type:  intents\n',
  )
})

for (const [text, width, clipped] of [
  ['helpdesk', 8, 'helpdesk'],
  ['helpdesk', 5, 'help…'],
  ['日本語', 5, '日本…'],
  ['', 3, ''],
] as const) {
  test(`"${text}" in ${width} columns is "${clipped}"`, () => {
    assert.equal(clip(text, width), clipped)
    assert.ok(visibleWidth(clipped) <= width)
  })
}

test('text of others cannot move the cursor or colour the terminal', () => {
  assert.equal(printable('a\u001b[31mb\nc\u202e'), 'a\\u001b[31mb c\\u202e')
})

test('a table may be as long as it likes', () => {
  assert.equal(
    table(
      [{ title: 'N' }],
      Array.from({ length: 200_000 }, (_, row) => [String(row)]),
    ).split('\n').length,
    200_002,
  )
})
