import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeDataDirectory } from '../../services/kit/data-directory.ts'
import { TrainyardError } from '../../services/kit/errors.ts'

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'data-directory-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a data directory is made, with what is missing above it, and one that is there is used', (t) => {
  const directory = join(folderFor(t), 'one', 'two')
  for (let times = 0; times < 2; times += 1) {
    makeDataDirectory(directory)
    assert.ok(statSync(directory).isDirectory())
  }
})

/** A place where nobody, not even root, can make a folder. */
const nowhere = process.platform === 'linux' ? '/proc/none/at/all' : '/dev/null/none'

test('one that cannot be used is refused with its name, the reason and what to do', (t) => {
  const file = join(folderFor(t), 'file')
  writeFileSync(file, '')
  for (const [directory, reason] of [
    [file, /is a file and not a folder/],
    [join(file, 'below', 'it'), /is a file and not a folder/],
    [join(file, '..', 'x'.repeat(300)), /its name is too long/],
    [nowhere, /cannot be used: /],
  ] as const) {
    assert.throws(
      () => makeDataDirectory(directory),
      (error) => {
        assert.ok(error instanceof TrainyardError)
        assert.match(error.message, reason)
        assert.ok(error.message.includes(`the data directory ${directory} cannot be used`))
        assert.match(error.hint ?? '', /--data-dir/)
        return true
      },
    )
  }
})
