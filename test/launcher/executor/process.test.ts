import assert from 'node:assert/strict'
import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder, writeProgram } from '../../runner/program.ts'
import { attemptName, printedNumbers, startRunApi } from '../../runner/run-api.ts'
import { isAlive } from '../../runner/runner.ts'
import { attemptOf, ended, openExecutor } from './attempts.ts'
import { executorConformance } from './conformance.ts'

executorConformance(async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  return {
    api,
    open: () => openExecutor(t, data, { settleMs: 50 }),
    attempt: async (training, changes) => ({ ...attemptOf(api.url, await writeProgram(t, training)), ...changes }),
  }
})

test('an attempt that is released leaves no file', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  const executor = openExecutor(t, data)
  await executor.start(attemptOf(api.url, await writeProgram(t)))
  await ended(executor)
  await access(join(data, 'attempts', attemptName))
  await executor.release(attemptName)
  await assert.rejects(access(join(data, 'attempts', attemptName)))
})

test('a runner that does not react is killed after the grace time, with all of its program', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  const executor = openExecutor(t, data, { settleMs: 50 })
  const program = await writeProgram(t, `console.log(process.pid); await forever()`)
  await executor.start(attemptOf(api.url, program))
  const [pid] = await printedNumbers(api)
  process.kill(await runnerPid(data), 'SIGSTOP')
  await executor.stop(attemptName, 50)
  assert.equal((await ended(executor)).signal, 'SIGKILL')
  assert.equal(await isAlive(pid), false)
})

test('D13: an attempt whose runner was killed has ended only when nothing of its program is left', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  const executor = openExecutor(t, data)
  const program = await writeProgram(
    t,
    `process.on('SIGTERM', () => {})
     const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
     console.log(process.pid + ' ' + child.pid); await forever()`,
  )
  await executor.start(attemptOf(api.url, program))
  const pids = await printedNumbers(api)
  process.kill(await runnerPid(data), 'SIGKILL')
  const end = await ended(executor)
  for (const pid of pids) assert.equal(await isAlive(pid), false)
  assert.deepEqual(end, {
    state: 'ended',
    exitCode: null,
    signal: 'SIGKILL',
    reason: 'the runner was ended by SIGKILL',
  })
})

test('a runner that ends before it is up has ended, in its own words', async (t) => {
  const executor = openExecutor(t, await temporaryFolder(t))
  await executor.start({ ...attemptOf('http://127.0.0.1:1', ['true']), token: '' })
  const end = await ended(executor)
  assert.equal(end.exitCode, 2)
  assert.match(end.reason, /the runner ended with exit code 2: runner: there is no token/)
})

test('a process that only has the same id is never taken for the runner, and never signalled', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  const executor = openExecutor(t, data)
  await executor.start(attemptOf(api.url, ['true']))
  await ended(executor)
  const mine = JSON.stringify({ pid: process.pid, startedAt: 'another boot/1' })
  await writeFile(join(data, 'attempts', attemptName, 'runner.json'), mine)
  await executor.stop(attemptName, 0)
  assert.equal((await executor.observe(attemptName)).state, 'ended')
})

async function runnerPid(data: string): Promise<number> {
  const record: unknown = JSON.parse(await readFile(join(data, 'attempts', attemptName, 'runner.json'), 'utf8'))
  return (record as { pid: number }).pid
}
