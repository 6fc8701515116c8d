/** What a crash, a power failure or a program leaves in an attempt's folder. */

import assert from 'node:assert/strict'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import { AttemptName, RunId } from '../../../schemas/words.ts'
import { attemptFolder } from '../../../services/launcher/executor/attempt-folder.ts'
import { createProcessExecutor } from '../../../services/launcher/executor/process.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { temporaryFolder, writeProgram } from '../../runner/program.ts'
import { attemptName, startRunApi } from '../../runner/run-api.ts'
import { attemptOf, ended, openExecutor, processOptions } from './attempts.ts'

const runId = RunId.parse(attemptName.slice(0, -2))
const longAgo = new Date(0).toISOString()
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

test('what another launcher releases while it is looked at is seen as ended or absent, and goes', async (t) => {
  const data = await temporaryFolder(t)
  const [one, other] = [openExecutor(t, data), openExecutor(t, data)]
  for (let round = 0; round < 10; round += 1) {
    const folder = attemptFolder(join(data, 'attempts'), attemptName)
    await folder.recordStart({ name: attemptName, run: runId, kind: 'train', command: ['echo'], startedAt: longAgo })
    await folder.closeToRunners()
    await folder.recordExit({ exitCode: 0, signal: null, reason: 'done' })
    const released = one.release(attemptName)
    for (let state = ''; state !== 'absent'; ) {
      state = (await other.observe(attemptName)).state
      assert.ok(state === 'ended' || state === 'absent', state)
    }
    await released
    assert.deepEqual(await attemptsOf(data), [])
  }
})

test('that another launcher has released what was looked at is told once', async (t) => {
  const data = await temporaryFolder(t)
  const [gone, unclear] = [attemptName, AttemptName.parse(`${runId}-2`)].map((name) => join(data, 'attempts', name))
  assert.ok(gone && unclear)
  for (const folder of [gone, unclear]) await mkdir(folder, { recursive: true })
  await writeFile(join(unclear, 'attempt.json'), '{"name":7}')
  const looks: string[] = []
  const told: string[] = []
  const log = pino({ level: 'warn' }, { write: (line) => void looks.push(line) })
  const executor = createProcessExecutor({ ...processOptions(data), log, pollMs: 5 })
  cleanup(t, () => executor.close())
  executor.onChange((name) => told.push(name))
  await rm(gone, { recursive: true })
  await eventually(() => looks.length > 5)
  assert.deepEqual(told, [attemptName])
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
