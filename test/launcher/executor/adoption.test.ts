import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { AttemptToStart } from '../../../services/launcher/executor/executor.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { temporaryFolder, writeProgram } from '../../runner/program.ts'
import { attemptName, printedNumbers, startRunApi } from '../../runner/run-api.ts'
import { isAlive } from '../../runner/runner.ts'
import { attemptOf, ended, openExecutor } from './attempts.ts'

const launcherProcess = fileURLToPath(new URL('./launcher-process.ts', import.meta.url))
const waitsToGo = `console.log(process.pid); while (!fs.existsSync(join(output, '../../go'))) await new Promise((resolve) => setTimeout(resolve, 20))`

/** Starts the attempt from a launcher of its own, and kills that at once. */
async function startAndDie(t: TestContext, data: string, attempt: AttemptToStart): Promise<void> {
  const launcher = spawn(process.execPath, [launcherProcess, data, JSON.stringify(attempt)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanup(t, () => launcher.kill('SIGKILL'))
  await once(launcher.stdout, 'data')
  launcher.kill('SIGKILL')
  await once(launcher, 'exit')
}

test('a launcher that is killed and started again adopts the attempt, and hears its end', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  const attempt = attemptOf(api.url, await writeProgram(t, waitsToGo))
  await startAndDie(t, data, attempt)
  await eventually(() => api.log.length > 0)

  const executor = openExecutor(t, data)
  const told: string[] = []
  executor.onChange((name) => told.push(name))
  await executor.start(attempt)
  const seen = await executor.observe(attemptName)
  assert.ok(seen.state === 'running')
  assert.match(seen.handle, /^process \d+, started at /)
  await writeFile(join(data, 'attempts', attemptName, 'go'), '')
  await eventually(() => told.includes(attemptName))
  assert.deepEqual(await executor.observe(attemptName), { state: 'ended', exitCode: 0, signal: null, reason: 'done' })
  assert.ok(api.committed)
  assert.equal(api.calls.filter((call) => call === 'POST /claim').length, 1)
})

test('I1: whenever between spawning and recording the launcher dies, one runner alone has an effect', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  const attempt = attemptOf(api.url, await writeProgram(t))
  // At once after the spawn: the runner is still on its way to its record when the next launcher starts it again.
  await startAndDie(t, data, attempt)
  const executor = openExecutor(t, data)
  await executor.start(attempt)
  await ended(executor)
  assert.ok(api.committed)
  assert.equal(api.calls.filter((call) => call === 'POST /model').length, 1)
})

test('an attempt that ended while no launcher was there has ended for the next one', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  await startAndDie(t, data, attemptOf(api.url, await writeProgram(t, 'process.exit(3)')))
  await eventually(() => api.ended)
  const executor = openExecutor(t, data)
  const end = await ended(executor)
  assert.equal(end.exitCode, 0)
  assert.match(end.reason, /^crashed: train ended with exit code 3/)
})

test('an attempt that was killed while no launcher was there has ended, and its program with it', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  await startAndDie(t, data, attemptOf(api.url, await writeProgram(t, waitsToGo)))
  const [pid] = await printedNumbers(api)
  const record = JSON.parse(await readFile(join(data, 'attempts', attemptName, 'runner.json'), 'utf8'))
  process.kill(record.pid, 'SIGKILL')
  const executor = openExecutor(t, data)
  const end = await ended(executor)
  assert.deepEqual([end.exitCode, end.signal], [null, null])
  assert.match(end.reason, /gone without a word/)
  assert.equal(await isAlive(pid), false)
})

test('a runner that never came up has ended after a limit, and one that comes later does nothing', async (t) => {
  const api = await startRunApi(t)
  const data = await temporaryFolder(t)
  const attempt = attemptOf(api.url, await writeProgram(t))
  const folder = join(data, 'attempts', attemptName)
  await mkdir(folder, { recursive: true })
  const { name, run, kind } = attempt
  const start = { name, run, kind, command: attempt.spec.program.command, startedAt: new Date().toISOString() }
  await writeFile(join(folder, 'attempt.json'), JSON.stringify(start))
  const executor = openExecutor(t, data, { startLimitMs: 100 })
  assert.equal((await executor.observe(attemptName)).state, 'starting')
  assert.equal((await ended(executor)).reason, 'its runner never came up')
  await executor.start(attempt)
  assert.equal((await executor.observe(attemptName)).state, 'ended')
  assert.deepEqual(api.calls, [])
})
