import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { readValue } from '../../schemas/problems.ts'

const problemsOf = (schema: z.ZodType, value: unknown) => {
  const read = readValue(schema, value, 'the request')
  return read.ok ? [] : read.problems
}

test('a value that is as it should be is given as its schema makes it', () => {
  assert.deepEqual(readValue(z.object({ count: z.coerce.number() }), { count: '2' }, 'it'), {
    ok: true,
    value: { count: 2 },
  })
})

const Thing = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(5)
    .refine((text) => text.trim() !== '', { error: 'expected more than white space' }),
  code: z.string().min(3).optional(),
  count: z.int().min(1).max(9).optional(),
  ratio: z.number().gt(0).lt(1).optional(),
  on: z.boolean().optional(),
  list: z
    .array(z.object({ id: z.string() }))
    .min(1)
    .max(2)
    .optional(),
  few: z.array(z.string()).min(2).optional(),
  either: z.union([z.string(), z.number()]).optional(),
  kind: z.enum(['a', 'b']).optional(),
  url: z.url().optional(),
  at: z.iso.datetime().optional(),
  even: z.number().multipleOf(2).optional(),
  own: z.string({ error: 'words of its own' }).optional(),
  checked: z
    .number()
    .refine((value) => value > 1)
    .optional(),
  labels: z.record(z.string(), z.string()).optional(),
})

for (const [value, expected] of [
  [undefined, 'the request: is missing'],
  [[], 'the request: expected an object'],
  [{}, 'name: is missing'],
  [{ name: 5 }, 'name: expected a text'],
  [{ name: '' }, 'name: is empty'],
  [{ name: 'longer' }, 'name: is longer than 5 characters'],
  [{ name: 'n', code: 'ab' }, 'code: is shorter than 3 characters'],
  [{ name: 'n', count: 1.5 }, 'count: expected a whole number'],
  [{ name: 'n', count: 0 }, 'count: expected 1 or more'],
  [{ name: 'n', count: 10 }, 'count: expected 9 or less'],
  [{ name: 'n', ratio: 0 }, 'ratio: expected more than 0'],
  [{ name: 'n', ratio: 1 }, 'ratio: expected less than 1'],
  [{ name: 'n', on: 'yes' }, 'on: expected true or false'],
  [{ name: 'n', list: {} }, 'list: expected a list'],
  [{ name: 'n', list: [] }, 'list: is empty'],
  [{ name: 'n', list: [{ id: 'a' }, {}] }, 'list.1.id: is missing'],
  [{ name: 'n', list: [{ id: 'a' }, { id: 'a' }, { id: 'a' }] }, 'list: has more than 2 entries'],
  [{ name: 'n', few: ['a'] }, 'few: has fewer than 2 entries'],
  [{ name: 'n', either: true }, 'either: is not what is expected here'],
  [{ name: 'n', kind: 'c' }, 'kind: expected one of a, b'],
  [{ name: 'n', url: 'x' }, 'url: expected a URL'],
  [{ name: 'n', at: 'x' }, 'at: expected a time such as 2026-01-31T12:00:00Z'],
  [{ name: 'n', even: 3 }, 'even: is not what is expected here'],
  [{ name: 'n', own: 3 }, 'own: words of its own'],
  [{ name: 'n', checked: 1 }, 'checked: is not what is expected here'],
  [{ name: 'n', labels: { a: 1 } }, 'labels.a: expected a text'],
  [{ name: 'n', more: 1 }, 'more: is not known here'],
] as const) {
  test(`what is wrong with ${JSON.stringify(value)} is said in plain words that name the field`, () => {
    assert.deepEqual(problemsOf(Thing, value), [expected])
  })
}

test('every field that is wrong is named, each once', () => {
  assert.deepEqual(problemsOf(Thing, { name: ' ', count: 'many', a: 1, b: 2 }), [
    'name: expected more than white space',
    'count: expected a number',
    'a: is not known here',
    'b: is not known here',
  ])
})
