import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BotId, JobTypeName } from '../../schemas/words.ts'
import { chooseSlots, configureSlots } from '../../services/launcher/slots.ts'
import { eventually } from '../harness/eventually.ts'
import { jobType, launcherDatabase, launcherKit, newRun, requestOf, verdict } from './launcher-kit.ts'

const supersede = { whenNewer: 'supersede' } as const

test('a redelivered request launches nothing', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.request({ run, generation: 1 })
  await kit.settle()
  await kit.request({ run, generation: 1 })
  await kit.settle()
  assert.equal(kit.executor.started.length, 1)
  assert.deepEqual(await kit.names(), ['run.queued', 'run.started'])
})

test('a request of an older generation launches nothing', async (t) => {
  const kit = await launcherKit(t)
  await kit.request({ generation: 7 })
  const late = await kit.request({ generation: 6 })
  assert.equal(await kit.state(late), 'absent')
})

test('I2: of three requests for a key one trains, the last one waits, and the one between is superseded by it', async (t) => {
  const kit = await launcherKit(t)
  const first = await kit.request()
  await kit.settle()
  const second = await kit.request({ priority: 5, insisted: true })
  const third = await kit.request()
  await kit.settle()
  assert.deepEqual(
    [await kit.state(first), await kit.state(second), await kit.state(third)],
    ['running', 'superseded', 'queued'],
  )
  const rows = await kit.database.query<{ priority: number; insisted: boolean }>(
    'select priority, insisted from launcher.runs where run = $1',
    [third],
  )
  assert.deepEqual(rows, [{ priority: 5, insisted: true }])
  const [superseded] = await kit.said('run.superseded')
  assert.deepEqual([superseded?.run, superseded?.by, superseded?.wasRunning], [second, third, false])
})

test('I2: PostgreSQL itself refuses a second run that holds a key, and a second one that waits', async (t) => {
  const kit = await launcherKit(t)
  const first = await kit.request()
  await kit.settle()
  await kit.request()
  const copy = (state: string, holds: boolean) =>
    kit.database.execute(
      `insert into launcher.runs (run, bot, job_type, generation, state, dataset, spec, work_identity, program, cause,
                                  names_dataset, priority, insisted, holds_key)
       select $2, bot, job_type, 99, $3, dataset, spec, work_identity, program, cause, false, 0, false, $4
         from launcher.runs where run = $1`,
      [first, `other-${state}`, state, holds],
    )
  await assert.rejects(copy('running', true), /one_run_holds_a_key/)
  await assert.rejects(copy('queued', false), /one_run_waits_per_key/)
})

test('a request that finds a slot free starts with its arrival, and one that does not waits', async (t) => {
  const kit = await launcherKit(t, { slots: 1 })
  const [first, second] = [await kit.request(), await kit.request({ bot: BotId.parse('other') })]
  assert.deepEqual([await kit.state(first), await kit.state(second)], ['running', 'queued'])
  assert.deepEqual(await kit.names(), ['run.queued', 'run.started', 'run.queued'])
})

test('a run that starts is looked at by its starter at once, and is due for no other launcher', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  const due = await kit.database.query('select from launcher.runs where look_at <= now()')
  assert.equal(due.length, 0)
  await eventually(() => kit.executor.started.some((attempt) => attempt.run === run))
})

test('a run whose start was cut off from its answer is looked at within moments, and not when the lease of its first look ends', async (t) => {
  const database = await launcherDatabase(t)
  let isCutOff = false
  const transaction: typeof database.transaction = (work) =>
    database.transaction(async (own) => {
      const result = await work(own)
      if (isCutOff) own.beforeCommit(() => ['commit', 'select pg_terminate_backend(pg_backend_pid())'].map(asStatement))
      return result
    })
  const kit = await launcherKit(t, { database: { ...database, transaction } })
  const run = newRun()
  isCutOff = true
  await assert.rejects(kit.request({ run }))
  isCutOff = false
  assert.equal(await kit.state(run), 'running')
  await eventually(
    async () => {
      await kit.work('launcher.reconcile')
      return kit.executor.started.some((attempt) => attempt.run === run)
    },
    { timeoutMs: 10_000 },
  )
})

const asStatement = (text: string) => ({ text, values: [] })

test('of more runs than can be looked at at once, those for which there is no room are due for anybody', async (t) => {
  const many = 70
  const kit = await launcherKit(t, { slots: 0 })
  for (let index = 0; index < many; index += 1) await kit.request({ bot: BotId.parse(`bot-${index}`) })
  await chooseSlots(kit.database, jobType, many, { actor: 'ada', reason: 'machines' })
  await kit.work('launcher.queue')
  const due = await kit.database.query('select from launcher.runs where look_at <= now()')
  assert.equal(due.length, many - 64)
})

test('several requests of a key in one batch end as if they had come one by one', async (t) => {
  const kit = await launcherKit(t, { slots: 0 })
  await kit.request()
  const batch = [2, 3, 4].map((generation) =>
    requestOf({ generation, dataset: kit.dataset, namesDataset: generation === 3 }),
  )
  await kit.deliver(batch.map((data) => ({ name: 'training.requested', data })))
  assert.deepEqual(await kit.names(), [
    'run.queued',
    'run.queued',
    'run.superseded',
    'run.queued',
    'run.superseded',
    'run.queued',
    'run.superseded',
  ])
  const states = await Promise.all(batch.map(({ run }) => kit.state(run)))
  assert.deepEqual(
    states,
    ['superseded', 'queued', 'superseded'],
    'the third names its dataset and the fourth names none',
  )
})

test('a request that is overruled hands on its priority and insistence also where both came in one batch', async (t) => {
  const kit = await launcherKit(t, { slots: 0 })
  const named = requestOf({ generation: 1, dataset: kit.dataset, namesDataset: true })
  const urgent = { generation: 2, dataset: kit.dataset, namesDataset: false, priority: 9, insisted: true }
  const batch = [named, requestOf(urgent)]
  await kit.deliver(batch.map((data) => ({ name: 'training.requested', data })))
  const rows = await kit.database.query('select state, priority, insisted from launcher.runs where run = $1', [
    named.run,
  ])
  assert.deepEqual(rows, [{ state: 'queued', priority: 9, insisted: true }])
})

test('a job type whose runs all wait for their keys takes no place from another', async (t) => {
  const kit = await launcherKit(t, { slots: 200 })
  const other = JobTypeName.parse('other')
  await configureSlots(kit.database, [{ jobType: other, slots: 1 }])
  for (const generation of [1, 2]) {
    const batch = Array.from({ length: 100 }, (_, index) =>
      requestOf({ generation, dataset: kit.dataset, bot: BotId.parse(`bot-${index}`) }),
    )
    await kit.deliver(batch.map((data) => ({ name: 'training.requested', data })))
  }
  assert.equal(await kit.state(await kit.request({ jobType: other })), 'running')
})

test('higher priority goes first, then whoever waits longest, and a replaced run hands on its place', async (t) => {
  const kit = await launcherKit(t, { slots: 0 })
  const [a, b, c] = ['a', 'b', 'c'].map((name) => BotId.parse(name))
  assert.ok(a && b && c)
  await kit.request({ bot: a })
  const second = await kit.request({ bot: b })
  const edited = await kit.request({ bot: a })
  const urgent = await kit.request({ bot: c, priority: 1 })
  await chooseSlots(kit.database, jobType, 1, { actor: 'ada', reason: 'a machine' })
  const order: string[] = []
  for (let place = 0; place < 3; place += 1) {
    await kit.settle()
    const attempt = kit.executor.started.at(-1)
    assert.ok(attempt)
    order.push(attempt.run)
    await kit.runnerOf(attempt.run).train()
    await kit.settle()
  }
  assert.deepEqual(order, [urgent, edited, second])
})

test('the next run of a key waits for the verdict on the one before, and holds no slot up meanwhile', async (t) => {
  const kit = await launcherKit(t, { slots: 1 })
  const first = await kit.request()
  await kit.settle()
  await kit.runnerOf(first).train()
  await kit.settle()
  const second = await kit.request()
  const other = await kit.request({ bot: BotId.parse('other') })
  await kit.settle()
  assert.equal(await kit.state(second), 'queued')
  assert.equal(await kit.state(other), 'running', 'the slot is free while the key waits')
  const queue = (await kit.inject({ url: '/queue?bot=shop', headers: { host: 'localhost' } })).json()
  assert.deepEqual(
    queue.map(({ run, waitsFor }: { run: string; waitsFor: string }) => [run, waitsFor]),
    [
      [first, 'verdict'],
      [second, 'verdict'],
    ],
  )

  await kit.deliver([verdict('model.rejected', { run: first })])
  await kit.runnerOf(other).train()
  await kit.settle()
  assert.equal(await kit.state(second), 'running')
})

test('a verdict that was heard before the run has ended here frees the key as soon as it ends', async (t) => {
  const kit = await launcherKit(t)
  const first = await kit.request()
  await kit.settle()
  const second = await kit.request()
  await kit.deliver([verdict('model.promoted', { run: first })])
  await kit.settle()
  assert.equal(await kit.state(second), 'queued', 'one trains per key, whatever was said of it')
  await kit.runnerOf(first).train()
  await kit.settle()
  assert.equal(await kit.state(second), 'running')
})

test('I6: a verdict that does not come in time frees the key', async (t) => {
  const kit = await launcherKit(t)
  const first = await kit.request({ spec: { verdictWaitSeconds: 0 } })
  await kit.settle()
  await kit.runnerOf(first).train()
  await kit.settle()
  const second = await kit.request()
  await kit.settle()
  assert.equal(await kit.state(second), 'running')
})

test('two launchers share the queue and start each run once', async (t) => {
  const database = await launcherDatabase(t)
  const one = await launcherKit(t, { slots: 6, database })
  const other = await launcherKit(t, { slots: 6, database, executor: one.executor })
  for (let index = 0; index < 12; index += 1) await one.request({ bot: BotId.parse(`bot-${index}`) })
  await Promise.all([one.settle(), other.settle(), one.settle(), other.settle()])
  assert.equal(one.executor.started.length, 6)
  assert.equal(new Set(one.executor.started.map(({ name }) => name)).size, 6)
  assert.equal((await one.names()).filter((name) => name === 'run.started').length, 6)
})

test('I3: a superseded run never succeeds, whatever its runner says afterwards', async (t) => {
  const kit = await launcherKit(t)
  const first = await kit.request({ spec: supersede })
  await kit.settle()
  const runner = kit.runnerOf(first)
  await runner.claim()
  const { texts } = await runner.model()
  const answers = await runner.predictions(texts.digest)
  const second = await kit.request({ spec: supersede })

  const refused = await runner.commit(answers)
  assert.equal(refused.status, 409)
  const { body } = await runner.call<{ stop: string }>('POST', '/heartbeat', { progress: 0.9 })
  assert.match(body.stop, new RegExp(second))
  await kit.settle()
  assert.deepEqual(kit.executor.stopped, [{ name: runner.attempt, graceMs: 30_000 }])
  await runner.end({ outcome: 'stopped' })
  kit.executor.exits(runner.attempt)
  await kit.settle()
  assert.equal(await kit.state(first), 'superseded')
  assert.equal(await kit.state(second), 'running')
  const [superseded] = await kit.said('run.superseded')
  assert.deepEqual([superseded?.run, superseded?.by, superseded?.wasRunning], [first, second, true])
})

test('a result that is stored before the newer request comes is a success, and the newer one waits', async (t) => {
  const kit = await launcherKit(t)
  const first = await kit.request({ spec: supersede })
  await kit.settle()
  await kit.runnerOf(first).train()
  const second = await kit.request({ spec: supersede })
  await kit.settle()
  assert.equal(await kit.state(first), 'succeeded')
  assert.equal(await kit.state(second), 'queued')
})

test('a bot that is edited without end is trained all the same: after so many stopped in a row one is let through', async (t) => {
  const kit = await launcherKit(t)
  const spec = { ...supersede, supersede: { finishIfProgressAbove: 0.8, atMostInARow: 1 } }
  const stopped = await kit.request({ spec })
  await kit.settle()
  const through = await kit.request({ spec })
  await kit.settle()
  kit.executor.exits(kit.runnerOf(stopped).attempt)
  await kit.settle()
  await kit.request({ spec })
  await kit.settle()
  assert.equal(await kit.state(stopped), 'superseded')
  await kit.runnerOf(through).train()
  await kit.settle()
  assert.equal(await kit.state(through), 'succeeded')

  await kit.deliver([verdict('model.rejected', { run: through })])
  await kit.settle()
  const stoppedAgain = kit.executor.started.at(-1)
  await kit.request({ spec })
  await kit.settle()
  assert.equal(kit.executor.stopped.at(-1)?.name, stoppedAgain?.name, 'the count begins anew')
})
