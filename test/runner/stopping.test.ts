import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { writeProgram } from './program.ts'
import { printedNumbers, startRunApi } from './run-api.ts'
import { isAlive, startRunner } from './runner.ts'

/** Ignores SIGTERM, as does its child; prints both process ids. */
const stubborn = `
  process.on('SIGTERM', () => {})
  const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 60000)"], { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.once('data', () => console.log(process.pid + ' ' + child.pid))
  await forever()`

test('a program that ignores SIGTERM is killed after the grace time, with its children', async (t) => {
  const api = await startRunApi(t)
  api.claim = { ...api.claim, graceMs: 100 }
  const runner = await startRunner(t, api.url, await writeProgram(t, stubborn))
  const pids = await printedNumbers(api)
  api.stop = 'superseded by run-bbbbbbbbbb'
  assert.equal(await runner.ended, 0)
  for (const pid of pids) assert.equal(await isAlive(pid), false)
  assert.deepEqual(api.ended && { ...api.ended, runner: '' }, {
    runner: '',
    outcome: 'stopped',
    exitCode: null,
    signal: 'SIGKILL',
    reason: 'superseded by run-bbbbbbbbbb',
    checkpoint: [],
  })
})

test('SIGTERM to the runner stops the program, and what it saves in its grace time is kept', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    `process.on('SIGTERM', () => { fs.writeFileSync(join(checkpoint, 'saved'), ''); process.exit(75) }); console.log('up'); await forever()`,
  )
  const runner = await startRunner(t, api.url, program)
  await eventually(() => api.log.length > 0)
  runner.kill('SIGTERM')
  assert.equal(await runner.ended, 0)
  assert.equal(api.ended?.outcome, 'resumable')
  assert.equal(api.ended?.checkpoint.length, 1)
})

test('a program that is told to stop in its exam and says that it saved has stopped, though nothing of that is kept', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    '',
    `process.on('SIGTERM', () => { fs.writeFileSync(join(checkpoint, 'saved'), ''); process.exit(75) }); console.log('up'); await forever()`,
  )
  const runner = await startRunner(t, api.url, program)
  await eventually(() => api.log.length > 0)
  runner.kill('SIGTERM')
  assert.equal(await runner.ended, 0)
  assert.deepEqual([api.ended?.outcome, api.ended?.checkpoint], ['stopped', []])
})

/** Saves work at SIGTERM, at once. */
const saving = `process.on('SIGTERM', () => { fs.writeFileSync(join(checkpoint, 'saved'), 'x'); process.exit(75) }); console.log('up'); await forever()`

test('what a program leaves of its grace time is there to store what it has saved', async (t) => {
  const api = await startRunApi(t)
  api.claim = { ...api.claim, graceMs: 60_000 }
  const runner = await startRunner(t, api.url, await writeProgram(t, saving))
  await eventually(() => api.log.length > 0)
  // The launcher is away for longer than there would be without the grace time.
  const backAtMs = performance.now() + 9_000
  api.misbehave = (call) => (call === 'PUT /blobs/:digest' && performance.now() < backAtMs ? 'hangUp' : undefined)
  runner.kill('SIGTERM')
  assert.equal(await runner.ended, 0)
  assert.deepEqual([api.ended?.outcome, api.ended?.checkpoint.length], ['resumable', 1])
})

test('work that there is no time to store is given up, and the end told all the same', async (t) => {
  const api = await startRunApi(t)
  api.claim = { ...api.claim, graceMs: 50 }
  const runner = await startRunner(t, api.url, await writeProgram(t, saving))
  await eventually(() => api.log.length > 0)
  api.misbehave = (call) => (call === 'PUT /blobs/:digest' ? 'hangUp' : undefined)
  runner.kill('SIGTERM')
  assert.equal(await runner.ended, 0)
  assert.deepEqual([api.ended?.outcome, api.ended?.checkpoint], ['stopped', []])
  assert.match(api.ended?.reason ?? '', /; there was no time to store it$/)
})

test('a program that ends well because it was told to stop has not succeeded', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    `process.on('SIGTERM', () => { writeModel('half'); process.exit(0) }); console.log('up'); await forever()`,
  )
  const runner = await startRunner(t, api.url, program)
  await eventually(() => api.log.length > 0)
  runner.kill('SIGTERM')
  await runner.ended
  assert.equal(api.ended?.outcome, 'stopped')
  assert.equal(api.model, undefined)
})

test('the deadline ends an attempt by the monotonic clock, with all its children', async (t) => {
  const api = await startRunApi(t)
  api.claim = { ...api.claim, deadlineMs: 1_000, graceMs: 50 }
  const runner = await startRunner(t, api.url, await writeProgram(t, stubborn))
  const pids = await printedNumbers(api)
  assert.equal(await runner.ended, 0)
  assert.equal(api.ended?.outcome, 'deadline')
  for (const pid of pids) assert.equal(await isAlive(pid), false)
})

test('the deadline ends an attempt whose API has gone for good', async (t) => {
  const api = await startRunApi(t)
  api.claim = { ...api.claim, deadlineMs: 1_000, graceMs: 50 }
  const runner = await startRunner(t, api.url, await writeProgram(t, stubborn))
  const pids = await printedNumbers(api)
  await api.goAway()
  await eventually(async () => !(await isAlive(pids[0])), { what: "the program's end" })
  runner.kill('SIGKILL')
})

test('children that a program leaves behind are ended when it ends', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    `const child = spawn('sleep', ['600'], { stdio: 'inherit' }); console.log(child.pid); child.unref()`,
  )
  const runner = await startRunner(t, api.url, program)
  assert.equal(await runner.ended, 0)
  assert.ok(api.committed)
  assert.equal(await isAlive(Number(api.log.toString())), false)
})

test('a child in a session of its own that holds the output open does not hold the attempt up', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    `const child = spawn('sleep', ['600'], { stdio: 'inherit', detached: true }); console.log(child.pid); child.unref()`,
  )
  const runner = await startRunner(t, api.url, program)
  assert.equal(await runner.ended, 0)
  assert.ok(api.committed)
  process.kill(Number(api.log.toString()), 'SIGKILL')
})

test('a grace time longer than the longest timer is a grace time all the same', async (t) => {
  const api = await startRunApi(t)
  api.claim = { ...api.claim, graceMs: 31_536_000_000 }
  const program = await writeProgram(
    t,
    `process.on('SIGTERM', () => setTimeout(() => { fs.writeFileSync(join(checkpoint, 'saved'), ''); process.exit(75) }, 200)); console.log('up'); await forever()`,
  )
  const runner = await startRunner(t, api.url, program)
  await eventually(() => api.log.length > 0)
  runner.kill('SIGTERM')
  assert.equal(await runner.ended, 0)
  assert.equal(api.ended?.outcome, 'resumable')
})
