import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { runnerExitCodes } from '../../schemas/run-api.ts'
import { eventually } from '../harness/eventually.ts'
import { temporaryFolder, writeProgram } from './program.ts'
import { printedNumbers, startRunApi } from './run-api.ts'
import { isAlive, startRunner } from './runner.ts'

/** Prints a thousand lines when the file \`go\` of the work folder is there. */
const printsWhenTold = `console.log('before')
  while (!fs.existsSync(join(output, '../../go'))) await new Promise((resolve) => setTimeout(resolve, 20))
  for (let line = 1; line <= 1000; line++) console.log('line ' + line)
  fs.writeFileSync(join(output, '../../printed'), '')`
const printed = ['before', ...Array.from({ length: 1000 }, (_, index) => `line ${index + 1}`), ''].join('\n')

test('an API that is absent for a while costs no log line and no result', async (t) => {
  const api = await startRunApi(t)
  const runner = await startRunner(t, api.url, await writeProgram(t, printsWhenTold))
  await eventually(() => api.log.length > 0)
  await api.goAway()
  await writeFile(join(runner.workDirectory, 'go'), '')
  await eventually(() => exists(join(runner.workDirectory, 'printed')))
  await api.comeBack()
  assert.equal(await runner.ended, 0)
  assert.equal(api.log.toString(), printed)
  assert.ok(api.committed)
})

test('a runner that finds no API waits for it with its claim', async (t) => {
  const api = await startRunApi(t)
  await api.goAway()
  const runner = await startRunner(t, api.url, await writeProgram(t))
  await eventually(() => exists(join(runner.workDirectory, 'runner.json')))
  await api.comeBack()
  assert.equal(await runner.ended, 0)
  assert.ok(api.committed)
})

test('a claim that may wait for longer than the longest timer waits', async (t) => {
  const api = await startRunApi(t)
  const environment = { TRAINYARD_CLAIM_LIMIT_MS: '31536000000' }
  const runner = await startRunner(t, api.url, await writeProgram(t), { environment })
  assert.equal(await runner.ended, 0)
  assert.ok(api.committed)
})

test('answers that get lost double nothing: every call is repeated and the log is whole', async (t) => {
  const api = await startRunApi(t)
  api.misbehave = (_call, count) => (count % 3 === 1 ? 'dropReply' : count % 3 === 2 ? 'hangUp' : undefined)
  const program = await writeProgram(t, `for (let line = 1; line <= 3000; line++) console.log('line ' + line)`)
  assert.equal(await (await startRunner(t, api.url, program)).ended, 0)
  const lines = Array.from({ length: 3000 }, (_, index) => `line ${index + 1}\n`).join('')
  assert.equal(api.log.toString(), lines)
  assert.ok(api.committed)
})

test('an API that is overloaded is asked again', async (t) => {
  const api = await startRunApi(t)
  const answers = [503, 429]
  api.misbehave = (_call, count) => (answers[count - 1] === undefined ? undefined : { status: answers[count - 1] ?? 0 })
  assert.equal(await (await startRunner(t, api.url, await writeProgram(t))).ended, 0)
  assert.ok(api.committed)
})

test('a blob that comes with other bytes than its digest says is fetched again', async (t) => {
  const api = await startRunApi(t)
  const [input] = api.claim.inputs
  const good = api.blobs.get(input?.digest ?? '')
  assert.ok(input && good)
  api.blobs.set(input.digest, Buffer.from('something else'))
  api.misbehave = (call, count) => {
    if (call === 'GET /blobs/:digest' && count === 2) api.blobs.set(input.digest, good)
    return undefined
  }
  const program = await writeProgram(t, `console.log(fs.readFileSync(join(input, 'train.jsonl'), 'utf8').trim())`)
  await (await startRunner(t, api.url, program)).ended
  assert.equal(api.log.toString(), good.toString())
})

test('I1: a second runner with the same token never starts the program', async (t) => {
  const api = await startRunApi(t)
  const mark = join(await temporaryFolder(t), 'started')
  const program = await writeProgram(t, `fs.appendFileSync(${JSON.stringify(mark)}, 'x'); await forever()`)
  const first = await startRunner(t, api.url, program)
  await eventually(() => exists(mark))
  const second = await startRunner(t, api.url, program)
  assert.equal(await second.ended, runnerExitCodes.notOurs)
  assert.equal(await readFile(mark, 'utf8'), 'x')
  assert.ok(await isAlive(first.pid))
})

test('I1: a second runner in the same work folder does nothing, not even a call', async (t) => {
  const api = await startRunApi(t)
  const first = await startRunner(t, api.url, await writeProgram(t, 'await forever()'))
  await eventually(() => api.calls.includes('POST /heartbeat'))
  const callsOf = (): number => api.calls.filter((call) => call !== 'POST /heartbeat').length
  const before = callsOf()
  const second = await startRunner(t, api.url, ['true'], { workDirectory: first.workDirectory })
  assert.equal(await second.ended, runnerExitCodes.notOurs)
  assert.equal(callsOf(), before)
})

for (const status of [401, 409, 410]) {
  test(`D13: a heartbeat answered with ${status} ends everything at once, and nothing more is said`, async (t) => {
    const api = await startRunApi(t)
    const program = await writeProgram(t, `process.on('SIGTERM', () => {}); console.log(process.pid); await forever()`)
    const runner = await startRunner(t, api.url, program)
    const [pid] = await printedNumbers(api)
    const refused: string[] = []
    api.misbehave = (call) => {
      refused.push(call)
      return { status }
    }
    assert.equal(await runner.ended, runnerExitCodes.refused)
    assert.equal(await isAlive(pid), false)
    assert.deepEqual(refused, ['POST /heartbeat'])
  })
}

test('a final no to its end is not told as if another runner had the attempt, which would cost no retry', async (t) => {
  const api = await startRunApi(t)
  api.misbehave = (call) => (call === 'POST /end' ? { status: 422, code: 'badInput' } : undefined)
  const runner = await startRunner(t, api.url, await writeProgram(t, 'process.exitCode = 1'))
  assert.equal(await runner.ended, runnerExitCodes.refused)
})

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
