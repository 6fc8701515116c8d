import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { resolveCommand } from '../../services/kit/program-command.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('what cannot be the name of a file stays as it is: a whole script, or what lies below a file', () => {
  const command = ['sh', '-c', `echo ${'long '.repeat(2_000)}`, 'package.json/below', 'a\0b']
  assert.deepEqual(resolveCommand(command, root), command)
})
