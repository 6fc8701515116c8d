import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FilePath, ModelManifest, manifestOf, StoredFiles } from '../../schemas/files.ts'
import { digestOf } from '../../schemas/words.ts'

const file = (path: string) => ({ path, digest: digestOf(path), bytes: path.length })

describe('files', () => {
  const climbing = ['', '/a', 'a/', 'a//b', '.', './a', '..', '../a', 'a/../../b', 'a\\b', '..\\a', 'a\0', '\ud800']
  for (const path of [...climbing, 'x'.repeat(256)]) {
    test(`the path ${JSON.stringify(path.slice(0, 20))} is refused`, () => assert.ok(!FilePath.safeParse(path).success))
  }

  test('paths that stay below their folder are taken', () => {
    for (const path of ['a', 'a/b.json', '.hidden', 'a..b/..c', 'ü']) assert.ok(FilePath.safeParse(path).success, path)
  })

  test('a path may be there only once, and only so many may be', () => {
    assert.ok(!StoredFiles.safeParse([file('a'), file('a')]).success)
    assert.ok(!StoredFiles.safeParse(Array.from({ length: 10_001 }, (_, index) => file(`f${index}`))).success)
  })

  test("a model's digest does not depend on the order of its files", () => {
    const { digest, content } = manifestOf([file('b'), file('a')])
    assert.equal(manifestOf([file('a'), file('b')]).digest, digest)
    assert.equal(digestOf(content), digest)
    assert.deepEqual(
      ModelManifest.parse(JSON.parse(content)).files.map(({ path }) => path),
      ['a', 'b'],
    )
  })
})
