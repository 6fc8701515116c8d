import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunId } from '../../schemas/words.ts'
import { chooseSlots } from '../../services/launcher/slots.ts'
import { jobType, type LauncherKit, launcherKit } from './launcher-kit.ts'

const cancel = (kit: LauncherKit, run: RunId, body: object = { actor: 'ada', reason: 'wrong data' }) =>
  kit.inject({ method: 'POST', url: `/runs/${run}/cancel`, headers: { host: 'localhost' }, payload: body })

test('a queued run that a person cancels ends at once and never starts', async (t) => {
  const kit = await launcherKit(t, { slots: 0 })
  const run = await kit.request()
  const answer = await cancel(kit, run)
  assert.deepEqual([answer.statusCode, answer.json().state], [202, 'cancelled'])
  await chooseSlots(kit.database, jobType, 1, { actor: 'ada', reason: 'a machine' })
  await kit.settle()
  assert.deepEqual(kit.executor.started, [])
  const [cancelled] = await kit.said('run.cancelled')
  assert.deepEqual([cancelled?.actor, cancelled?.reason, cancelled?.wasRunning], ['ada', 'wrong data', false])
})

test('a running run that a person cancels is stopped, and frees slot and key when it has stopped', async (t) => {
  const kit = await launcherKit(t, { slots: 1 })
  const run = await kit.request()
  await kit.settle()
  const next = await kit.request()
  const runner = kit.runnerOf(run)
  await runner.claim()
  assert.equal((await cancel(kit, run)).json().state, 'running')
  await kit.settle()
  assert.deepEqual(
    kit.executor.stopped.map(({ name }) => name),
    [runner.attempt],
  )
  assert.equal(await kit.state(next), 'queued')
  await runner.end({ outcome: 'resumable', reason: 'saved' })
  kit.executor.exits(runner.attempt)
  await kit.settle()
  assert.deepEqual([await kit.state(run), await kit.state(next)], ['cancelled', 'running'])
})

test('a run that waits for its next attempt is cancelled without another', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  await kit.crash(run)
  await cancel(kit, run)
  await kit.settle()
  assert.equal(await kit.state(run), 'cancelled')
  assert.equal(kit.executor.started.length, 1)
})

test('a result that is stored cannot be cancelled, and a run cannot be cancelled twice', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  await kit.runnerOf(run).train()
  const late = await cancel(kit, run)
  assert.equal(late.statusCode, 409)
  assert.match(late.json().error.message, /stored its result already/)
  await kit.settle()
  assert.equal(await kit.state(run), 'succeeded')

  const next = await launcherKit(t)
  const other = await next.request()
  await next.settle()
  assert.equal((await cancel(next, other)).statusCode, 202)
  assert.equal((await cancel(next, other)).statusCode, 409)
})

test('of a commit and a cancellation at the same moment exactly one wins', async (t) => {
  const kit = await launcherKit(t)
  for (let round = 0; round < 5; round += 1) {
    const run = await kit.request({ spec: { verdictWaitSeconds: 0 } })
    await kit.settle()
    const runner = kit.runnerOf(run)
    await runner.claim()
    const { texts } = await runner.model()
    const answers = await runner.predictions(texts.digest)
    const [commit, cancellation] = await Promise.all([runner.commit(answers), cancel(kit, run)])
    assert.deepEqual([commit.status, cancellation.statusCode].sort(), commit.status === 200 ? [200, 409] : [202, 409])
    kit.executor.exits(runner.attempt)
    await kit.settle()
    assert.equal(await kit.state(run), commit.status === 200 ? 'succeeded' : 'cancelled')
  }
})

test('a cancellation needs an actor and a reason, and a run', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  assert.equal((await cancel(kit, run, { actor: 'ada' })).statusCode, 422)
  assert.equal((await cancel(kit, run, { actor: ' ', reason: 'x' })).statusCode, 422)
  assert.equal((await cancel(kit, 'run-zzzzzzzzzz' as RunId)).statusCode, 404)
})
