import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DatasetRow } from '../../schemas/dataset.ts'

describe('a row of a dataset', () => {
  test('has a text and an intent; null is out of scope; other fields are left unread', () => {
    assert.deepEqual(DatasetRow.parse({ text: 'hi', intent: 'greet', lang: 'en' }), { text: 'hi', intent: 'greet' })
    assert.deepEqual(DatasetRow.parse({ text: 'x', intent: null, split: 'train', id: '7' }), {
      text: 'x',
      intent: null,
      split: 'train',
      id: '7',
    })
  })

  const wrong: [unknown, string, string][] = [
    ['secret', '', 'expected an object with text and intent'],
    [{ intent: 'a' }, 'text', 'expected a text'],
    [{ text: '', intent: 'a' }, 'text', 'is empty'],
    [{ text: 'secret\0', intent: 'a' }, 'text', 'holds NUL or half of a surrogate pair'],
    [{ text: 'secret' }, 'intent', 'expected an intent of 1 to 200 characters, or null for an out-of-scope example'],
    [{ text: 'a', intent: '' }, 'intent', 'expected an intent of 1 to 200 characters'],
    [{ text: 'a', intent: 'b', split: 'secret' }, 'split', 'expected train or held-out'],
  ]
  for (const [row, field, message] of wrong) {
    test(`an error names the field and quotes nothing: ${field} ${message}`, () => {
      const { error } = DatasetRow.safeParse(row)
      assert.deepEqual(
        error?.issues.map((issue) => [issue.path.join('.'), issue.message]),
        [[field, message]],
      )
    })
  }
})
