import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BotId, type Digest, digestOf, type RunId } from '../../schemas/words.ts'
import { bot, type LauncherKit, launcherKit, ready, verdict } from './launcher-kit.ts'

const modelDays = 30

/** Trains a model of this content; it is not judged yet. */
async function trained(kit: LauncherKit, content: string, of = bot): Promise<{ run: RunId; model: Digest }> {
  const run = await kit.request({ bot: of })
  await kit.settle()
  const runner = kit.runnerOf(run)
  const { model } = await runner.train(content)
  kit.executor.exits(runner.attempt)
  await kit.settle()
  return { run, model }
}

/** Everything that was written down is older by so many days, and what is due by then is done. */
async function daysLater(kit: LauncherKit, days: number): Promise<void> {
  await kit.database.execute(
    `update launcher.runs set spent_at = spent_at - make_interval(days => $1), ended_at = ended_at - make_interval(days => $1)`,
    [days],
  )
  while ((await kit.work('launcher.retention')) === 0) await kit.settle()
}

const statusOf = async (kit: LauncherKit, model: Digest) =>
  (await kit.inject({ url: `/models/${model}`, headers: { host: 'localhost' } })).statusCode
const sizeOf = (kit: LauncherKit, content: string) => kit.blobs.size(digestOf(content))

test('a rejected model is kept for its time, then its files go, and its address answers 410', async (t) => {
  const kit = await launcherKit(t)
  const { run, model } = await trained(kit, 'worse')
  await kit.deliver([verdict('model.rejected', { run })])
  await daysLater(kit, modelDays - 1)
  assert.deepEqual([await statusOf(kit, model), await sizeOf(kit, 'worse')], [200, 5])
  await daysLater(kit, 2)
  assert.deepEqual([await statusOf(kit, model), await sizeOf(kit, 'worse')], [410, undefined])
})

test('the models of many runs that go at once need no more connections than there are', async (t) => {
  const kit = await launcherKit(t)
  const bots = Array.from({ length: 12 }, (_, index) => BotId.parse(`bot-${index}`))
  for (const of of bots) {
    const { run } = await trained(kit, `worse ${of}`, of)
    await kit.deliver([verdict('model.rejected', { run, of })])
  }
  await daysLater(kit, modelDays + 1)
  for (const of of bots) assert.equal(await sizeOf(kit, `worse ${of}`), undefined)
})

test('what is in force, was in force, is held, or was not judged yet, is never given up', async (t) => {
  const kit = await launcherKit(t)
  const first = await trained(kit, 'first')
  await kit.deliver([verdict('model.promoted', first)])
  const second = await trained(kit, 'second')
  await kit.deliver([verdict('model.promoted', { ...second, sequence: 2 })])
  const held = await trained(kit, 'held')
  await kit.deliver([verdict('model.held', held)])
  const waiting = await trained(kit, 'waiting')
  await daysLater(kit, 10 * modelDays)
  for (const { model } of [first, second, held, waiting]) assert.equal(await statusOf(kit, model), 200)
})

test('the same bytes in a model that stays are kept, and so is its list of files', async (t) => {
  const kit = await launcherKit(t)
  const champion = await trained(kit, 'same')
  await kit.deliver([verdict('model.promoted', champion)])
  const again = await trained(kit, 'same')
  assert.equal(again.model, champion.model)
  await kit.deliver([verdict('model.rejected', again)])
  await daysLater(kit, modelDays + 1)
  assert.deepEqual([await statusOf(kit, champion.model), await sizeOf(kit, 'same')], [200, 4])
})

test('a model that holds a copy of its training data does not take the data along', async (t) => {
  const kit = await launcherKit(t)
  const { train } = kit.dataset
  const copy = (await kit.blobs.read(train)).toString()
  const { run, model } = await trained(kit, copy)
  await kit.deliver([verdict('model.rejected', { run })])
  await daysLater(kit, modelDays + 1)
  assert.equal(await statusOf(kit, model), 410)
  assert.equal(await sizeOf(kit, copy), copy.length)
})

test('a model that was rejected and is put in force after all is not given up', async (t) => {
  const kit = await launcherKit(t)
  const { run, model } = await trained(kit, 'restored')
  await kit.deliver([verdict('model.rejected', { run })])
  await kit.deliver([ready(run, 1, model)])
  await daysLater(kit, modelDays + 1)
  assert.equal(await statusOf(kit, model), 200)
})

test('answers of a model that is gone stay: its exam is not asked again when it is trained again', async (t) => {
  const kit = await launcherKit(t)
  const { run, model } = await trained(kit, 'known')
  await kit.deliver([verdict('model.rejected', { run })])
  await daysLater(kit, modelDays + 1)
  assert.equal(await statusOf(kit, model), 410)
  const again = await trained(kit, 'known')
  await kit.deliver([verdict('model.promoted', again)])
  await trained(kit, 'next')
  assert.deepEqual(
    kit.executor.started.filter(({ kind }) => kind === 'predict'),
    [],
  )
  const answers = (await kit.said('run.succeeded')).at(-1)?.champion?.answers
  assert.ok(answers && (await kit.blobs.size(answers)))
})

test('logs go when the history of their run does', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const runner = kit.runnerOf(run)
  await runner.claim()
  await runner.call('PUT', `/logs?runner=${runner.runner}&offset=0`, Buffer.from('said\n'))
  await runner.end({ outcome: 'badInput' })
  kit.executor.exits(runner.attempt)
  await kit.settle()
  const log = async () => (await kit.inject({ url: `/runs/${run}/logs`, headers: { host: 'localhost' } })).body
  await daysLater(kit, 399)
  assert.equal(await log(), 'said\n')
  await daysLater(kit, 2)
  assert.equal(await log(), '')
})
