import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { launcherKit } from './launcher-kit.ts'

test('a request becomes a run, an attempt, and a success that names model, answers and attempts', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  assert.deepEqual(await kit.names(), ['run.queued', 'run.started'])
  assert.deepEqual(
    kit.executor.started.map(({ name }) => name),
    [`${run}-1`],
  )

  const { model, answers } = await kit.runnerOf(run).train()
  await kit.settle()
  const [success] = await kit.said('run.succeeded')
  assert.ok(success)
  assert.deepEqual(success.model, { digest: model, url: `http://127.0.0.1:7070/models/${model}` })
  assert.deepEqual([success.answers, success.champion], [answers, null])
  assert.deepEqual(
    success.attempts.map(({ number, outcome }) => [number, outcome]),
    [[1, 'done']],
  )
})

test('every event of a run says the request as its cause, in the trace of the request', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  await kit.runnerOf(run).train()
  await kit.settle()
  const events = await kit.emitted()
  assert.equal(events.length, 3)
  assert.equal(new Set(events.map(({ cause }) => cause.correlationId)).size, 1)
  assert.equal(new Set(events.map(({ cause }) => cause.traceparent.split('-')[1])).size, 1)
})

test('a committed result is success, though its runner dies before it hears the answer', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const runner = kit.runnerOf(run)
  await runner.train()
  kit.executor.exits(runner.attempt, { exitCode: null, signal: 'SIGKILL' })
  await kit.settle()
  assert.equal(await kit.state(run), 'succeeded')
  assert.deepEqual(kit.executor.released, [runner.attempt])
  assert.equal((await kit.said('run.succeeded')).length, 1)
})

test('I7: the traces of an attempt are released only when its end is on record and its processes are gone', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const runner = kit.runnerOf(run)
  await runner.claim()
  await kit.settle()
  assert.deepEqual(kit.executor.released, [])
  await runner.end({ outcome: 'badInput', reason: 'the data is wrong' })
  await kit.settle()
  assert.deepEqual(kit.executor.released, [], 'the runner has told its end, and its process is still there')
  assert.equal(await kit.state(run), 'running')
  kit.executor.exits(runner.attempt)
  await kit.settle()
  assert.deepEqual(kit.executor.released, [runner.attempt])
  assert.equal(await kit.state(run), 'failed')
})

test('a look whose end PostgreSQL could not note is made again as soon as it can, not when its lease has ended', async (t) => {
  const kit = await launcherKit(t)
  // What a sequence has counted stays counted when its transaction is undone.
  await kit.database.execute('create sequence refusals')
  await kit.database.execute(
    `create function refuse() returns trigger language plpgsql as
       $$ begin perform nextval('refusals'); raise exception 'away' using errcode = '57P01'; end $$`,
  )
  await kit.database.execute('create trigger refuse before update on launcher.attempts execute function refuse()')
  const run = await kit.request()
  await kit.work('launcher.queue')
  const looked = kit.work('launcher.reconcile')
  await eventually(async () => (await kit.database.query('select from refusals where is_called')).length > 0)
  await kit.database.execute('drop trigger refuse on launcher.attempts')
  await looked
  await kit.settle()
  const placed = await kit.database.query('select from launcher.attempts where run = $1 and placed_at is not null', [
    run,
  ])
  assert.deepEqual([placed.length, kit.executor.started.length], [1, 1])
})
