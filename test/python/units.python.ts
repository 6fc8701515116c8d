import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { lockedPython, program } from './program.ts'

test("the Python program's own tests pass: of its calibration, checkpoints, features, split and pace", async () => {
  const parameters = ['-m', 'unittest', 'discover', '--start-directory', 'tests', '--top-level-directory', '.']
  const ended = spawnSync(await lockedPython(), parameters, { encoding: 'utf8', cwd: dirname(program) })
  assert.equal(ended.status, 0, ended.stderr)
  assert.match(ended.stderr, /Ran [1-9]\d* tests/)
})
