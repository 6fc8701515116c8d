import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BotId, digestOf } from '../../../schemas/words.ts'
import { type LauncherKit, launcherDatabase, launcherKit } from '../launcher-kit.ts'
import { type ScriptedRunner, scriptedRunner } from '../scripted-runner.ts'

async function begin(kit: LauncherKit): Promise<ScriptedRunner> {
  const run = await kit.request({ spec: { hyperparameters: { epochs: 3 }, retries: { limit: 0 } } })
  await kit.settle()
  return kit.runnerOf(run)
}

test('a claim tells the program everything that its run has frozen', async (t) => {
  const kit = await launcherKit(t)
  const runner = await begin(kit)
  const { kind, spec, inputs, deadlineMs, graceMs, logLimitBytes, checkpoint } = await runner.claim()
  assert.deepEqual([kind, checkpoint, graceMs, logLimitBytes], ['train', undefined, 30_000, 8 * 1024 * 1024])
  assert.deepEqual(inputs, [
    { path: 'train.jsonl', digest: kit.dataset.train, bytes: await kit.blobs.size(kit.dataset.train) },
  ])
  assert.deepEqual([spec.intents, spec.hyperparameters, spec.attempt], [['greet', 'part'], { epochs: 3 }, 1])
  assert.ok(deadlineMs > 3_590_000 && deadlineMs <= 3_600_000, String(deadlineMs))
})

test('a time that no binary fraction is exactly can be claimed with', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: { graceSeconds: 16.1 } })
  await kit.settle()
  assert.equal((await kit.runnerOf(run).claim()).graceMs, 16_100)
})

test('the same work has the same seed', async (t) => {
  const kit = await launcherKit(t)
  const seeds: number[] = []
  for (const generation of [1, 2]) {
    const run = await kit.request({ generation, workIdentity: digestOf('same'), spec: { verdictWaitSeconds: 0 } })
    await kit.settle()
    seeds.push((await kit.runnerOf(run).claim()).spec.seed)
    await kit.runnerOf(run).call('POST', '/end', {})
    await kit.database.execute("update launcher.runs set state = 'failed', holds_key = false where run = $1", [run])
  }
  assert.equal(seeds[0], seeds[1])
})

test('D13: a second runner with the same token is refused, and the first one may ask again', async (t) => {
  const kit = await launcherKit(t)
  const runner = await begin(kit)
  const first = await runner.claim()
  const attempt = kit.executor.started[0]
  assert.ok(attempt)
  const second = await scriptedRunner(kit, attempt).call('POST', '/claim', { pid: 2 })
  assert.deepEqual([second.status, second.error?.code], [409, 'conflict'])
  const again = await runner.claim()
  assert.deepEqual(again.inputs, first.inputs)
  assert.ok(again.deadlineMs <= first.deadlineMs)
})

test('D10: a token opens its own attempt and no other, and nothing once the attempt has ended', async (t) => {
  const kit = await launcherKit(t)
  const runner = await begin(kit)
  const attempt = kit.executor.started[0]
  assert.ok(attempt)
  const forged = scriptedRunner(kit, { ...attempt, token: `${attempt.token.slice(0, -2)}xx` })
  assert.equal((await forged.call('POST', '/claim', { pid: 1 })).status, 401)
  const { inputs } = await runner.claim()
  const fetched = () => runner.call('GET', `/blobs/${inputs[0]?.digest}`)
  assert.equal((await fetched()).status, 200)
  await runner.end({ outcome: 'badInput' })
  assert.equal((await fetched()).status, 410)
  assert.equal((await runner.call('POST', '/claim', { pid: 1 })).status, 410)
  assert.equal((await runner.call('POST', '/heartbeat', { progress: 1 })).status, 410)
  assert.equal((await runner.call('PUT', `/logs?runner=${runner.runner}&offset=0`, Buffer.from('late'))).status, 410)
  assert.equal((await runner.end({ outcome: 'badInput' })).status, 200, 'its answer may have been lost')
})

test('progress never falls, though a program counts anew when it predicts', async (t) => {
  const kit = await launcherKit(t)
  const runner = await begin(kit)
  await runner.claim()
  for (const progress of [0.5, 1, 0.05, null])
    await runner.call('POST', '/heartbeat', { runner: runner.runner, progress })
  assert.deepEqual(await kit.database.query('select progress from launcher.attempts'), [{ progress: 1 }])
})

test('the secret of the tokens is made once, whoever starts first', async (t) => {
  const database = await launcherDatabase(t)
  const one = await launcherKit(t, { database })
  await begin(one)
  const other = await launcherKit(t, { database })
  const attempt = one.executor.started[0]
  assert.ok(attempt)
  await scriptedRunner(other, attempt).claim()
})

test('D9: the texts of the exam are told only when the model is stored, and the labels never', async (t) => {
  const kit = await launcherKit(t)
  const labels = (await kit.blobs.put(Buffer.from('labels'))).digest
  const other = await kit.request({ bot: BotId.parse('other') })
  await kit.settle()
  await kit.runnerOf(other).claim()
  await kit.runnerOf(other).model()
  const runner = await begin(kit)
  await runner.claim()
  assert.equal((await runner.call('GET', `/blobs/${kit.dataset.examTexts}`)).status, 404)
  const { texts } = await runner.model()
  assert.equal(texts.digest, kit.dataset.examTexts)
  assert.equal((await runner.call('GET', `/blobs/${texts.digest}`)).status, 200)
  assert.equal((await runner.call('GET', `/blobs/${labels}`)).status, 404)
})

test('a model of bytes that the attempt has not stored is refused', async (t) => {
  const kit = await launcherKit(t)
  const runner = await begin(kit)
  await runner.claim()
  const foreign = { path: 'weights.bin', digest: kit.dataset.examTexts, bytes: 1 }
  assert.equal((await runner.call('POST', '/model', { files: [foreign] })).status, 422)
})

test('a model is stored once: the same again is the same answer, another one is refused', async (t) => {
  const kit = await launcherKit(t)
  const runner = await begin(kit)
  await runner.claim()
  assert.deepEqual(await runner.model('one'), await runner.model('one'))
  const file = await runner.store('another')
  assert.equal((await runner.call('POST', '/model', { files: [file] })).status, 409)
})

const refused: readonly [title: string, lines: string, message: RegExp][] = [
  ['that leave a text out', '{"id":"a","intent":"greet","confidence":1,"top":[]}\n', /1 of 2 texts/],
  ['with an unknown id', '{"id":"z","intent":null,"confidence":1,"top":[]}\n', /line 1: an id that no text/],
  [
    'with an id twice',
    '{"id":"a","intent":null,"confidence":1,"top":[]}\n'.repeat(2),
    /line 2: this id was answered before/,
  ],
  ['with NaN', '{"id":"a","intent":null,"confidence":NaN,"top":[]}\n', /line 1: not JSON/],
  ['with infinity', '{"id":"a","intent":null,"confidence":1e999,"top":[]}\n', /line 1: confidence/],
  ['with a confidence above 1', '{"id":"a","intent":null,"confidence":1.5,"top":[]}\n', /line 1: confidence/],
  ['that are no text', '\xff\xfe\n', /line 1/],
]
for (const [title, lines, message] of refused) {
  test(`answers ${title} are refused, and the attempt may still say why it ends`, async (t) => {
    const kit = await launcherKit(t)
    const runner = await begin(kit)
    await runner.claim()
    await runner.model()
    const { digest } = await runner.store(lines)
    const { status, error } = await runner.commit(digest)
    assert.equal(status, 422)
    assert.match(error?.message ?? '', message)
    assert.equal((await runner.end({ outcome: 'badOutput' })).status, 200)
  })
}

test('a commit without a model is refused, and one that is repeated is the same success', async (t) => {
  const kit = await launcherKit(t)
  const runner = await begin(kit)
  await runner.claim()
  const answers = (await runner.store('{}')).digest
  assert.equal((await runner.commit(answers)).status, 409)
  const { texts } = await runner.model()
  const right = await runner.predictions(texts.digest)
  assert.equal((await runner.commit(right)).status, 200)
  assert.equal((await runner.commit(right)).status, 200)
  assert.equal((await runner.call('POST', '/heartbeat', { progress: 1 })).status, 200)
})

test('a runner cannot call an end success without a commit', async (t) => {
  const kit = await launcherKit(t)
  const runner = await begin(kit)
  await runner.claim()
  assert.equal((await runner.end({ outcome: 'done' })).status, 409)
})

test('blobs are served by range', async (t) => {
  const kit = await launcherKit(t)
  const runner = await begin(kit)
  await runner.claim()
  const attempt = kit.executor.started[0]
  const answer = await kit.inject({
    url: `/run-api/v1/attempts/${attempt?.name}/blobs/${kit.dataset.train}`,
    headers: { host: 'localhost', authorization: `Bearer ${attempt?.token}`, range: 'bytes=1-4' },
  })
  assert.deepEqual([answer.statusCode, answer.body], [206, '"id"'])
})

test('what an attempt goes on from does not count towards what it may store', async (t) => {
  const kit = await launcherKit(t, { variables: { TRAINYARD_BLOB_LIMIT_MIB: '1' } })
  const run = await kit.request({ spec: { retries: { backoffSeconds: 0 } } })
  await kit.settle()
  const first = kit.runnerOf(run)
  await first.claim()
  const large = (name: string) => name.padEnd(900_000, '.')
  const checkpoint = []
  for (const name of ['a', 'b', 'c', 'd']) checkpoint.push({ ...(await first.store(large(name))), path: name })
  await first.end({ outcome: 'resumable', checkpoint })
  kit.executor.exits(first.attempt)
  await kit.settle()
  const second = kit.runnerOf(run)
  assert.equal((await second.claim()).checkpoint?.length, 4)
  for (const name of ['e', 'f', 'g', 'h']) await second.store(large(name))
  const tooMuch = Buffer.from(large('i'))
  assert.equal((await second.call('PUT', `/blobs/${digestOf(tooMuch)}?runner=${second.runner}`, tooMuch)).status, 413)
})

test('D10: a model that is named after the end, or by another runner, leaves nothing behind', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const runner = kit.runnerOf(run)
  const { model } = await runner.train()
  const stored = async () => (await kit.database.query('select from blobs.blobs')).length
  const before = await stored()
  const { model_files: [digest] = [] } =
    (
      await kit.database.query<{ model_files: string[] }>(
        'select model_files from launcher.attempts where model = $1',
        [model],
      )
    )[0] ?? {}
  const files = [{ path: 'made-up.bin', digest, bytes: 1 }]
  const attempt = kit.executor.started[0] ?? assert.fail('nothing was started')
  assert.equal((await runner.call('POST', '/model', { files })).status, 410)
  assert.equal((await scriptedRunner(kit, attempt).call('POST', '/model', { files })).status, 409)
  assert.equal(await stored(), before)
})
