import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { programFolders, resolveCommand } from '../../services/kit/program-command.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('what cannot be the name of a file stays as it is: a whole script, or what lies below a file', () => {
  const command = ['sh', '-c', `echo ${'long '.repeat(2_000)}`, 'package.json/below', 'a\0b']
  assert.deepEqual(resolveCommand(command, [root]), command)
})

test('a file is looked for beside the configuration first, then in the package', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'program-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'train.py'), '')
  const command = ['python3', 'train.py', 'services/trainer/main.ts']
  const resolved = ['python3', join(folder, 'train.py'), join(root, 'services/trainer/main.ts')]
  assert.deepEqual(resolveCommand(command, programFolders(join(folder, 'trainyard.yaml'))), resolved)
})
