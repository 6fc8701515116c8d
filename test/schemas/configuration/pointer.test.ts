import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lookUp, parsePointer } from '../../../schemas/configuration/pointer.ts'

const event = { type: 'bot.updated', data: { '': 1, 'a/b': 2, 'm~n': 3, list: ['x', { y: null }], botId: 'shop' } }

function find(text: string): unknown {
  const pointer = parsePointer(text)
  assert.ok(pointer !== undefined, `${text} is no pointer`)
  return lookUp(pointer, event)
}

describe('JSON pointer', () => {
  const found: [string, unknown][] = [
    ['/type', 'bot.updated'],
    ['/data/botId', 'shop'],
    ['/data/', 1],
    ['/data/a~1b', 2],
    ['/data/m~0n', 3],
    ['/data/list/0', 'x'],
    ['/data/list/1/y', null],
  ]
  for (const [text, value] of found) test(`${text} finds what is there`, () => assert.equal(find(text), value))

  for (const text of [
    '/data/none',
    '/data/list/2',
    '/data/list/length',
    '/data/list/00',
    '/type/0',
    '/constructor',
    '/data/__proto__',
  ]) {
    test(`${text} finds nothing`, () => assert.equal(find(text), undefined))
  }

  for (const text of ['', 'data', '#/data', '/a~', '/a~2', '/\0']) {
    test(`${JSON.stringify(text)} is refused`, () => assert.equal(parsePointer(text), undefined))
  }
})
