import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestOf } from '../../schemas/words.ts'
import { eventually } from '../harness/eventually.ts'
import { writeProgram } from './program.ts'
import { startRunApi, token } from './run-api.ts'
import { startRunner } from './runner.ts'

test('an attempt trains, stores the model, sits the exam, stores its answers and commits', async (t) => {
  const api = await startRunApi(t)
  const runner = await startRunner(t, api.url, await writeProgram(t))
  assert.equal(await runner.ended, 0)
  const steps = api.calls.filter((call) => !/heartbeat|logs/.test(call))
  assert.deepEqual(steps, [
    'POST /claim',
    'GET /blobs/:digest',
    'PUT /blobs/:digest',
    'POST /model',
    'GET /blobs/:digest',
    'PUT /blobs/:digest',
    'POST /commit',
  ])
  assert.deepEqual(api.model, [{ path: 'weights.txt', digest: digestOf('weights'), bytes: 7 }])
  const predictions = api.blobs.get(api.committed?.predictions ?? '')?.toString() ?? ''
  assert.equal(predictions.trim().split('\n').length, 3)
  assert.equal(api.ended, undefined)
})

test('a predict-only attempt answers with the model that it was given, and trains nothing', async (t) => {
  const api = await startRunApi(t)
  const inputs = [api.put('model/weights.txt', 'champion'), api.put('texts.jsonl', '{"id":"1","text":"hi"}\n')]
  api.claim = { ...api.claim, kind: 'predict', inputs }
  const program = await writeProgram(
    t,
    `process.exit(1)`,
    `console.log(fs.readFileSync(join(input, 'model', 'weights.txt'), 'utf8'), JSON.parse(fs.readFileSync(join(input, 'spec.json'))).bot)`,
  )
  const runner = await startRunner(t, api.url, program)
  assert.equal(await runner.ended, 0)
  assert.equal(api.log.toString(), 'champion bot-1\n')
  assert.equal(api.committed?.seconds.train, null)
})

test('D9: the exam texts are not on the machine while the program trains', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    `console.log(fs.readdirSync(input).join(' '), fs.existsSync(join(input, '../../predict/input/texts.jsonl')))`,
  )
  await (await startRunner(t, api.url, program)).ended
  assert.equal(api.log.toString(), 'spec.json train.jsonl false\n')
})

test('D10: the program sees an allow-list of the environment, and its token nowhere', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    `console.log(Object.keys(process.env).sort().join(' '))
     for (const pid of ['self', process.ppid]) console.log(fs.readFileSync('/proc/' + pid + '/environ', 'latin1') + fs.readFileSync('/proc/' + pid + '/cmdline', 'latin1'))
     console.log(process.execPath)`,
  )
  const environment = {
    DATABASE_URL: 'postgres://secret',
    CUDA_VISIBLE_DEVICES: '1',
    NVIDIA_X: '2',
    LANG: 'C',
    TZ: 'UTC',
  }
  await (await startRunner(t, api.url, program, { environment })).ended
  const [names] = api.log.toString().split('\n')
  assert.equal(
    names,
    'CUDA_VISIBLE_DEVICES HOME LANG NVIDIA_X PATH TMPDIR TRAINYARD_CACHE_DIR TRAINYARD_CHECKPOINT_DIR TRAINYARD_INPUT_DIR TRAINYARD_OUTPUT_DIR TZ',
  )
  assert.ok(!api.log.includes(token))
  assert.ok(api.log.includes(`${process.execPath}\n`), 'the program runs on our Node')
})

test("a cache folder that the runner is given is the program's too; otherwise it gets one of the attempt alone", async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(t, `console.log(process.env.TRAINYARD_CACHE_DIR)`)
  await (await startRunner(t, api.url, program, { environment: { TRAINYARD_CACHE_DIR: '/shared/cache' } })).ended
  assert.equal(api.log.toString().split('\n')[0], '/shared/cache')

  const alone = await startRunApi(t)
  const runner = await startRunner(t, alone.url, program)
  await runner.ended
  assert.equal(alone.log.toString().split('\n')[0], join(runner.workDirectory, 'cache'))
})

test('progress lines go with the heartbeat, every other line of both streams is log', async (t) => {
  const api = await startRunApi(t)
  const program = await writeProgram(
    t,
    `console.log('one'); console.log('{"progress":0.25}'); console.error('{"progress":0.5}'); console.log('{"progress":2}')
     while (!fs.existsSync(join(output, '../../go'))) await new Promise((resolve) => setTimeout(resolve, 20))`,
  )
  const runner = await startRunner(t, api.url, program)
  await eventually(() => api.progress.includes(0.25))
  await eventually(() => api.log.length > 0, { what: 'the log, while the program runs' })
  await writeFile(join(runner.workDirectory, 'go'), '')
  await runner.ended
  assert.deepEqual(api.log.toString().trim().split('\n').sort(), ['one', '{"progress":0.5}', '{"progress":2}'])
})

test('a checkpoint of an earlier attempt is there when the program starts', async (t) => {
  const api = await startRunApi(t)
  api.claim = { ...api.claim, checkpoint: [api.put('deep/epoch-3', 'saved')] }
  const program = await writeProgram(t, `console.log(fs.readFileSync(join(checkpoint, 'deep/epoch-3'), 'utf8'))`)
  await (await startRunner(t, api.url, program)).ended
  assert.equal(api.log.toString(), 'saved\n')
})
