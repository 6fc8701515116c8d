import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { maximumFiles as contractMaximumFiles, FilePath } from '../../schemas/files.ts'
import { digestOf } from '../../schemas/words.ts'
import { collect, collectFile, maximumFiles, maximumPathLength } from '../../services/runner/collect.ts'
import { cleanup } from '../harness/cleanup.ts'
import { temporaryFolder } from './program.ts'

test('regular files are taken at any depth, sorted, each with its digest', async (t) => {
  const folder = await temporaryFolder(t)
  mkdirSync(join(folder, 'model/deep/er'), { recursive: true })
  writeFileSync(join(folder, 'model/z'), 'last')
  writeFileSync(join(folder, 'model/deep/er/a'), '')
  linkSync(join(folder, 'model/z'), join(folder, 'model/b'))
  assert.deepEqual(await collect(folder, 'model'), [
    { path: 'b', digest: digestOf('last'), bytes: 4 },
    { path: 'deep/er/a', digest: digestOf(''), bytes: 0 },
    { path: 'z', digest: digestOf('last'), bytes: 4 },
  ])
})

test('a folder that is not there holds no files', async (t) => {
  assert.deepEqual(await collect(await temporaryFolder(t), 'model'), [])
})

const refused: [string, (path: string) => unknown, RegExp][] = [
  ['a symbolic link to a file', (path) => symlinkSync('/etc/hostname', path), /model\/it is a symbolic link/],
  ['a symbolic link to a folder', (path) => symlinkSync('/etc', path), /model\/it is a symbolic link/],
  ['a symbolic link to nothing', (path) => symlinkSync('/no/such/file', path), /model\/it is a symbolic link/],
  ['a named pipe', (path) => execFileSync('mkfifo', [path]), /model\/it is a named pipe/],
]

for (const [what, make, message] of refused) {
  test(`${what} is refused`, async (t) => {
    const folder = await temporaryFolder(t)
    mkdirSync(join(folder, 'model'))
    make(join(folder, 'model', 'it'))
    await assert.rejects(collect(folder, 'model'), { name: 'BadOutput', message })
  })
}

test('a socket is refused', async (t) => {
  const folder = await temporaryFolder(t)
  mkdirSync(join(folder, 'model'))
  const server = createServer()
  await new Promise<void>((listening) => server.listen(join(folder, 'model', 'it'), listening))
  cleanup(t, () => server.close())
  await assert.rejects(collect(folder, 'model'), { name: 'BadOutput', message: /model\/it is a socket/ })
})

test('a file in the place of the folder is refused, and a folder in the place of a file', async (t) => {
  const folder = await temporaryFolder(t)
  writeFileSync(join(folder, 'model'), '')
  mkdirSync(join(folder, 'predictions.jsonl'))
  await assert.rejects(collect(folder, 'model'), { name: 'BadOutput', message: /model is a file/ })
  await assert.rejects(collectFile('predictions.jsonl', folder), { name: 'BadOutput', message: /is a folder/ })
})

test('names that the run API would not take are refused', async (t) => {
  for (const name of ['back\\slash', `${'long/'.repeat(60)}path`, Buffer.from([0x66, 0xff])]) {
    const folder = await temporaryFolder(t)
    const path = Buffer.concat([Buffer.from(join(folder, 'model/')), Buffer.from(name)])
    mkdirSync(path, { recursive: true })
    writeFileSync(Buffer.concat([path, Buffer.from('/file')]), '')
    await assert.rejects(collect(folder, 'model'), { name: 'BadOutput' })
  }
})

test("the limits are the run API's", () => {
  assert.equal(maximumFiles, contractMaximumFiles)
  assert.ok(FilePath.safeParse('x'.repeat(maximumPathLength)).success)
  assert.ok(!FilePath.safeParse('x'.repeat(maximumPathLength + 1)).success)
})
