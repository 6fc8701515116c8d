import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  AttemptName,
  BotId,
  canonicalJson,
  Digest,
  digestOf,
  isStorable,
  JobTypeName,
  RunId,
} from '../../schemas/words.ts'

describe('words', () => {
  test('equal values have equal canonical JSON, whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        assert.equal(canonicalJson(reversed), canonicalJson(value))
        assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))
      }),
    )
    assert.equal(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' }), '{"a":"x","b":[{"c":null,"d":1}]}')
  })

  test('a digest is that of SHA-256, and the same for a text and its bytes', () => {
    const digest = digestOf('abc')
    assert.equal(digest, 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    assert.equal(digestOf(Buffer.from('abc')), digest)
  })

  test('NUL and halves of surrogate pairs are not storable; all else is', () => {
    for (const text of ['', 'a', 'ü', '😀', '\n']) assert.ok(isStorable(text), JSON.stringify(text))
    for (const text of ['\0', 'a\0b', '\ud83d', '\ude00\ud83d']) assert.ok(!isStorable(text), JSON.stringify(text))
  })

  const kinds = [
    {
      name: 'bot id',
      schema: BotId,
      good: ['a', 'Bot 7/ü', 'x'.repeat(200)],
      bad: ['', 'a\n', '\0', '\ud800', 'x'.repeat(201)],
    },
    {
      name: 'job type',
      schema: JobTypeName,
      good: ['a', 'a-1', 'x'.repeat(40)],
      bad: ['', '-a', 'a-', 'A', 'a/b', 'a\n', 'x'.repeat(41)],
    },
    {
      name: 'run id',
      schema: RunId,
      good: ['run-a2b3c4d5e6'],
      bad: ['run-1234567890', 'run-a2b3c4d5e', 'run-A2B3C4D5E6'],
    },
    {
      name: 'attempt name',
      schema: AttemptName,
      good: ['run-a2b3c4d5e6-1', 'run-a2b3c4d5e6-champion-12'],
      bad: ['run-a2b3c4d5e6', 'run-a2b3c4d5e6-0', 'run-a2b3c4d5e6-other-1'],
    },
    { name: 'digest', schema: Digest, good: [digestOf('')], bad: ['', 'sha256:00', digestOf('').toUpperCase()] },
  ]
  for (const { name, schema, good, bad } of kinds) {
    test(`a ${name} has its form and no other`, () => {
      for (const text of good) assert.ok(schema.safeParse(text).success, JSON.stringify(text))
      for (const text of bad) assert.ok(!schema.safeParse(text).success, JSON.stringify(text))
    })
  }
})
