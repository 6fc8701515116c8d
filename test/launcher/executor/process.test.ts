import assert from 'node:assert/strict'
import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'
import { temporaryFolder, writeProgram } from '../../runner/program.ts'
import { attemptName, printedNumbers, startRunApi } from '../../runner/run-api.ts'
import { isAlive } from '../../runner/runner.ts'
import { attemptOf, ended, openExecutor } from './attempts.ts'

test('an attempt runs to its end, is told, stays until its release, and leaves nothing', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  const executor = openExecutor(t, data)
  const told: string[] = []
  executor.onChange((name) => told.push(name))
  assert.deepEqual(await executor.observe(attemptName), { state: 'absent' })
  await executor.start(attemptOf(api.url, await writeProgram(t)))
  await eventually(() => told.includes(attemptName))
  assert.deepEqual(await executor.observe(attemptName), { state: 'ended', exitCode: 0, signal: null, reason: 'done' })
  assert.ok(api.committed)
  assert.deepEqual(await executor.list(), [attemptName])
  await executor.release(attemptName)
  assert.deepEqual(await executor.list(), [])
  await assert.rejects(access(join(data, 'attempts', attemptName)))
  await executor.release(attemptName)
})

test('I1: however often and at once an attempt is started, there is one runner and one claim', async (t) => {
  const api = await startRunApi(t)
  const executor = openExecutor(t, await temporaryFolder(t))
  const attempt = attemptOf(api.url, await writeProgram(t))
  await Promise.all([executor.start(attempt), executor.start(attempt), executor.start(attempt)])
  await executor.start(attempt)
  await ended(executor)
  await executor.start(attempt)
  assert.equal((await executor.observe(attemptName)).state, 'ended')
  assert.equal(api.calls.filter((call) => call === 'POST /claim').length, 1)
})

test('D6: a name that was started as something else is refused, not adopted', async (t) => {
  const api = await startRunApi(t)
  const executor = openExecutor(t, await temporaryFolder(t))
  await executor.start(attemptOf(api.url, ['true']))
  await ended(executor)
  await assert.rejects(executor.start(attemptOf(api.url, ['false'])), { code: 'conflict', retryable: false })
})

test('an attempt that runs is not released', async (t) => {
  const api = await startRunApi(t)
  const executor = openExecutor(t, await temporaryFolder(t))
  await executor.start(attemptOf(api.url, await writeProgram(t, 'await forever()')))
  const seen = await executor.observe(attemptName)
  assert.ok(seen.state === 'starting' || seen.state === 'running')
  await assert.rejects(executor.release(attemptName), { code: 'conflict' })
})

test('stop asks the program, and what it saves counts', async (t) => {
  const api = await startRunApi(t)
  const executor = openExecutor(t, await temporaryFolder(t))
  const saving = `process.on('SIGTERM', () => { fs.writeFileSync(join(checkpoint, 'saved'), ''); process.exit(75) }); console.log('up'); await forever()`
  await executor.start(attemptOf(api.url, await writeProgram(t, saving)))
  await eventually(() => api.log.length > 0)
  await executor.stop(attemptName, 5_000)
  await executor.stop(attemptName, 5_000)
  assert.equal((await ended(executor)).exitCode, 0)
  assert.equal(api.ended?.outcome, 'resumable')
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

test('a child that went into a session of its own is ended after the attempt', async (t) => {
  const api = await startRunApi(t)
  const executor = openExecutor(t, await temporaryFolder(t))
  const program = await writeProgram(
    t,
    `const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }); console.log(child.pid); child.unref()`,
  )
  await executor.start(attemptOf(api.url, program))
  await ended(executor)
  assert.ok(api.committed)
  assert.equal(await isAlive(Number(api.log.toString())), false)
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
