/** What a crash, a power failure or a program leaves in an attempt's folder. */

import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder, writeProgram } from '../../runner/program.ts'
import { attemptName, startRunApi } from '../../runner/run-api.ts'
import { attemptOf, ended, openExecutor } from './attempts.ts'

const attemptsOf = (data: string): Promise<string[]> => readdir(join(data, 'attempts'))

test('a folder that was half removed, or half made, goes with the next release', async (t) => {
  const data = await temporaryFolder(t)
  const executor = openExecutor(t, data)
  const folder = join(data, 'attempts', attemptName)
  await mkdir(join(folder, 'train/output/model'), { recursive: true })
  await writeFile(join(folder, 'train/output/model/weights'), 'large')
  assert.deepEqual(await executor.observe(attemptName), { state: 'absent' })
  await executor.release(attemptName)
  assert.deepEqual(await attemptsOf(data), [])
})

for (const file of ['attempt.json', 'runner.json', 'exit.json']) {
  test(`a power failure that left ${file} empty holds nothing up: the attempt has ended and can be released`, async (t) => {
    const api = await startRunApi(t)
    const data = await temporaryFolder(t)
    const executor = openExecutor(t, data, { startLimitMs: 0 })
    await executor.start(attemptOf(api.url, await writeProgram(t)))
    await ended(executor)
    await writeFile(join(data, 'attempts', attemptName, file), '')
    const { state } = await executor.observe(attemptName)
    assert.equal(state, file === 'attempt.json' ? 'absent' : 'ended')
    await executor.release(attemptName)
    assert.deepEqual(await attemptsOf(data), [])
  })
}

test('D13: a record of another shape is not guessed at', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  const executor = openExecutor(t, data)
  await executor.start(attemptOf(api.url, await writeProgram(t)))
  await ended(executor)
  const file = join(data, 'attempts', attemptName, 'runner.json')
  await writeFile(file, '{"process":7}')
  await assert.rejects(executor.observe(attemptName), { code: 'broken', message: `${file} can't be understood` })
  await writeFile(file, '')
})

test('folders that a program has made read-only go with the others', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  const executor = openExecutor(t, data)
  const program = await writeProgram(
    t,
    `fs.mkdirSync('cache/deep', { recursive: true }); fs.writeFileSync('cache/deep/file', '')
     fs.chmodSync('cache/deep', 0o555); fs.chmodSync('cache', 0o555)`,
  )
  await executor.start(attemptOf(api.url, program))
  await ended(executor)
  await executor.release(attemptName)
  assert.deepEqual(await attemptsOf(data), [])
})
