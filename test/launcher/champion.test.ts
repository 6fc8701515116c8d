import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Digest, RunId } from '../../schemas/words.ts'
import { unavailable } from '../../services/kit/errors.ts'
import { eventually } from '../harness/eventually.ts'
import { type LauncherKit, launcherKit, ready, storeDataset, verdict } from './launcher-kit.ts'
import { scriptedExecutor } from './scripted-executor.ts'

const otherTexts = '{"id":"c","text":"good morning"}\n'

/** Trains a first model with a program of its own; it is not judged yet. */
async function trainFirst(kit: LauncherKit): Promise<{ run: RunId; model: Digest; answers: Digest }> {
  const run = await kit.request({ spec: { program: { command: ['node', 'first'] }, retries: { limit: 0 } } })
  await kit.settle()
  const runner = kit.runnerOf(run)
  const stored = await runner.train('first model')
  kit.executor.exits(runner.attempt)
  await kit.settle()
  return { run, ...stored }
}

/** Starts a second run of the key, with another exam. */
async function startSecond(kit: LauncherKit): Promise<RunId> {
  const run = await kit.request({ dataset: await storeDataset(kit, otherTexts) })
  await kit.settle()
  return run
}

test('the champion sits the same exam beside the training, with its own program, and holds no slot', async (t) => {
  const kit = await launcherKit(t, { slots: 1 })
  const first = await trainFirst(kit)
  await kit.deliver([verdict('model.promoted', first)])
  const second = await startSecond(kit)
  const programs = kit.executor.started.map(({ name, spec }) => [name, spec.program.command[1]])
  assert.deepEqual(programs.slice(1).sort(), [
    [`${second}-1`, 'services/trainer/main.ts'],
    [`${second}-champion-1`, 'first'],
  ])

  await kit.runnerOf(second).train('second model')
  await kit.settle()
  assert.equal(await kit.state(second), 'running', 'it waits for the answers of the champion')
  const champion = kit.runnerOf(second, 'predict')
  const { inputs, kind, spec } = await champion.claim()
  assert.deepEqual([kind, spec.run], ['predict', first.run])
  assert.deepEqual(
    inputs.map(({ path }) => path),
    ['texts.jsonl', 'model/weights.bin'],
  )
  const answers = await champion.predictions(inputs[0]?.digest ?? first.answers, 'part')
  assert.equal((await champion.commit(answers)).status, 200)
  await kit.settle()
  const said = (await kit.said('run.succeeded')).at(-1)
  assert.ok(said?.champion)
  assert.deepEqual(
    { ...said.champion, model: said.champion.model.digest },
    { run: first.run, sequence: 1, model: first.model, train: kit.dataset.train, answers, reason: null },
  )
})

test('an exam of the champion that cannot start holds up nothing of the training, least of all its end', async (t) => {
  const executor = scriptedExecutor()
  const { start } = executor
  let isQuotaFull = true
  executor.start = (attempt) =>
    attempt.kind === 'predict' && isQuotaFull ? Promise.reject(unavailable('exceeded quota')) : start(attempt)
  const kit = await launcherKit(t, { executor, timings: { retryLookMs: 50 } })
  const first = await trainFirst(kit)
  await kit.deliver([verdict('model.promoted', first)])
  const second = await startSecond(kit)
  const runner = kit.runnerOf(second)
  await runner.train('second model')
  executor.exits(runner.attempt)
  await kit.settle()
  assert.ok(executor.released.includes(runner.attempt), 'what it took of the quota is free')

  isQuotaFull = false
  await eventually(async () => {
    await kit.settle()
    return executor.started.at(-1)?.name === `${second}-champion-1`
  })
})

test('the champion is never asked the same exam twice', async (t) => {
  const kit = await launcherKit(t)
  const first = await trainFirst(kit)
  await kit.deliver([ready(first.run, 1, first.model)])
  const second = await kit.request()
  await kit.settle()
  await kit.runnerOf(second).train()
  await kit.settle()
  assert.deepEqual(
    kit.executor.started.map(({ name }) => name),
    [`${first.run}-1`, `${second}-1`],
  )
  assert.equal((await kit.said('run.succeeded')).at(-1)?.champion?.answers, first.answers)
})

test('answers of another program with the same model are not those of the champion', async (t) => {
  const kit = await launcherKit(t)
  const first = await trainFirst(kit)
  await kit.deliver([verdict('model.promoted', first)])
  const second = await startSecond(kit)
  assert.equal((await kit.runnerOf(second).train('first model')).model, first.model)
  await kit.settle()
  assert.equal(await kit.state(second), 'running')
})

test('a champion that fails for good is missing with the reason, and the candidate succeeds', async (t) => {
  const kit = await launcherKit(t)
  const first = await trainFirst(kit)
  await kit.deliver([verdict('model.promoted', first)])
  const second = await startSecond(kit)
  await kit.runnerOf(second).train()
  const champion = kit.runnerOf(second, 'predict')
  await champion.claim()
  await champion.end({ outcome: 'badOutput', reason: 'no predictions' })
  kit.executor.exits(champion.attempt)
  await kit.settle()
  const said = (await kit.said('run.succeeded')).at(-1)
  assert.deepEqual(
    [said?.champion?.answers, said?.champion?.reason],
    [null, 'the champion did not answer: no predictions'],
  )
})

test('a champion whose files are gone is missing with the reason', async (t) => {
  const kit = await launcherKit(t)
  const first = await trainFirst(kit)
  await kit.deliver([verdict('model.promoted', first)])
  await kit.blobs.remove([first.model])
  const second = await startSecond(kit)
  const champion = kit.runnerOf(second, 'predict')
  assert.equal((await champion.call('POST', '/claim', { pid: 1 })).status, 410)
  kit.executor.exits(champion.attempt)
  await kit.runnerOf(second).train()
  await kit.settle()
  assert.match((await kit.said('run.succeeded')).at(-1)?.champion?.reason ?? '', /no longer stored/)
})

test('a promotion tells who is champion and frees the key, though model.ready comes later', async (t) => {
  const kit = await launcherKit(t)
  const first = await trainFirst(kit)
  await kit.deliver([verdict('model.promoted', first)])
  const second = await startSecond(kit)
  await kit.deliver([ready(first.run, 1, first.model)])
  const rows = await kit.database.query<{ sequence: number }>(
    "select (champion ->> 'sequence')::int as sequence from launcher.runs where run = $1",
    [second],
  )
  assert.deepEqual(rows, [{ sequence: 1 }])
})

test('model.ready tells who is champion and frees the key, though the promotion comes later', async (t) => {
  const kit = await launcherKit(t)
  const first = await trainFirst(kit)
  await kit.deliver([ready(first.run, 1, first.model)])
  const second = await startSecond(kit)
  assert.equal(await kit.state(second), 'running')
  await kit.deliver([verdict('model.promoted', first)])
  assert.equal(await kit.state(second), 'running')
})

test('a champion is replaced only by one of a higher sequence', async (t) => {
  const kit = await launcherKit(t)
  const first = await trainFirst(kit)
  await kit.deliver([ready(first.run, 5, first.model), ready(first.run, 4, first.answers)])
  await kit.deliver([ready(first.run, 3, first.answers)])
  const rows = await kit.database.query<{ champion: { sequence: number; model: { digest: Digest } } }>(
    'select champion from launcher.keys',
  )
  assert.deepEqual([rows[0]?.champion.sequence, rows[0]?.champion.model.digest], [5, first.model])
})

test('when the training fails, the champion need not sit the exam any more', async (t) => {
  const kit = await launcherKit(t)
  const first = await trainFirst(kit)
  await kit.deliver([verdict('model.promoted', first)])
  const second = await startSecond(kit)
  const [train, champion] = [kit.runnerOf(second), kit.runnerOf(second, 'predict')]
  await train.claim()
  await train.end({ outcome: 'badInput' })
  kit.executor.exits(train.attempt)
  await kit.settle()
  assert.equal(await kit.state(second), 'failed')
  assert.deepEqual(
    kit.executor.stopped.map(({ name }) => name),
    [champion.attempt],
  )
})
