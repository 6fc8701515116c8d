import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AttemptName, BotId, digestOf } from '../../schemas/words.ts'
import { badInput, unavailable } from '../../services/kit/errors.ts'
import { chooseSlots } from '../../services/launcher/slots.ts'
import { cleanup } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import { jobType, type LauncherKit, launcherKit, newRun } from './launcher-kit.ts'
import { scriptedExecutor } from './scripted-executor.ts'

const atOnce = { retries: { backoffSeconds: 0 } }
const started = (kit: LauncherKit) => kit.executor.started.map(({ name }) => name)

test('I1: a crash is followed by the next attempt, under a name of its own, once the executor confirms the end', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: atOnce })
  await kit.settle()
  const runner = kit.runnerOf(run)
  await runner.claim()
  await runner.end({ outcome: 'crashed' })
  await kit.settle()
  assert.deepEqual(started(kit), [`${run}-1`])
  kit.executor.exits(runner.attempt)
  await kit.settle()
  assert.deepEqual(started(kit), [`${run}-1`, `${run}-2`])
})

test('words that PostgreSQL cannot keep do not keep an attempt from its end', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: { retries: { limit: 0 } } })
  await kit.settle()
  const { attempt } = kit.runnerOf(run)
  const words = 'it ended with \0 and \ud800'
  kit.executor.told.set(attempt, [{ at: new Date(0), words }])
  kit.executor.exits(attempt, { reason: words })
  await kit.settle()
  assert.equal(await kit.state(run), 'failed')
  const [kept] = await kit.database.query<{ reason: string; remarks: { words: string }[] }>(
    'select reason, remarks from launcher.attempts',
  )
  assert.equal(kept?.reason, 'it ended before a runner claimed it: it ended with \ufffd and \ufffd')
  assert.equal(kept?.remarks[0]?.words, 'it ended with \ufffd and \ufffd')
})

test('an end that was decided while nobody had claimed the attempt does not end one that has been claimed', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const runner = kit.runnerOf(run)
  const { observe } = kit.executor
  kit.executor.observe = async () => {
    kit.executor.observe = observe
    await runner.claim()
    return { state: 'starting', handle: 'uid', hopeless: { outcome: 'lost', reason: 'its image cannot be pulled' } }
  }
  await kit.database.execute('update launcher.runs set look_at = now()')
  await kit.settle()
  const [row] = await kit.database.query<{ state: string }>('select state from launcher.attempts')
  assert.equal(row?.state, 'claimed')
})

test('of however many attempts there is news at once, each is looked at', async (t) => {
  const many = 150
  const kit = await launcherKit(t, { slots: many })
  for (let index = 0; index < many; index += 1) await kit.request({ bot: BotId.parse(`bot-${index}`) })
  const looked = async (state: string) => {
    await kit.work('launcher.reconcile')
    const rows = await kit.database.query('select from launcher.attempts where state = $1 and placed_at is not null', [
      state,
    ])
    return rows.length === many
  }
  await eventually(() => looked('created'))
  assert.equal(kit.executor.started.length, many)
  for (const { name } of [...kit.executor.started]) kit.executor.exits(name)
  await eventually(() => looked('ended'))
})

test('looks that hang hold up no others, though little room is left beside them', async (t) => {
  const [hanging, others] = [60, 60]
  const released = Promise.withResolvers<void>()
  const executor = scriptedExecutor()
  const { start } = executor
  executor.start = async (attempt) => {
    if (attempt.bot.startsWith('hanging')) await released.promise
    return await start(attempt)
  }
  const kit = await launcherKit(t, { slots: 0, executor })
  cleanup(t, () => released.resolve())
  for (let index = 0; index < hanging; index += 1) await kit.request({ bot: BotId.parse(`hanging-${index}`) })
  for (let index = 0; index < others; index += 1) await kit.request({ bot: BotId.parse(`other-${index}`) })
  await chooseSlots(kit.database, jobType, hanging + others, { actor: 'ada', reason: 'machines' })
  while ((await kit.work('launcher.queue')) === 0);
  const allStarted = async () => {
    await kit.work('launcher.reconcile')
    return executor.started.length === others
  }
  await eventually(allStarted, { timeoutMs: 10_000 })
})

test('news of attempts of which nothing is left to look at, as of many that are released, holds up no other', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const { attempt } = kit.runnerOf(run)
  for (let index = 0; index < 100; index += 1) kit.executor.forgets(AttemptName.parse(`${newRun()}-1`))
  kit.executor.exits(attempt)
  const nextMs = await kit.work('launcher.reconcile')
  assert.ok(nextMs !== undefined && nextMs < 100, `it is looked at after ${nextMs} ms`)
  await kit.settle()
  const rows = await kit.database.query('select state from launcher.attempts where attempt = $1', [attempt])
  assert.deepEqual(rows, [{ state: 'ended' }])
})

test('I1: an attempt that the executor had and has lost is not started again under its name', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: atOnce })
  await kit.settle()
  kit.executor.forgets(kit.runnerOf(run).attempt)
  await kit.settle()
  assert.deepEqual(started(kit), [`${run}-1`, `${run}-2`])
})

test('how an attempt stands when it is started is on record with its start', async (t) => {
  const kit = await launcherKit(t)
  kit.executor.words = 'waits for a place'
  const run = await kit.request()
  await kit.settle()
  const rows = await kit.database.query(
    'select attempt, standing, standing_since is not null as since from launcher.attempts where placed_at is not null',
  )
  assert.deepEqual(rows, [{ attempt: `${run}-1`, standing: 'waits for a place', since: true }])
})

test('I1: PostgreSQL itself refuses a second attempt of a run that can still have an effect', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const second = kit.database.execute(
    "insert into launcher.attempts (attempt, run, kind, number, due_at) values ($1, $2, 'train', 2, now())",
    [`${run}-2`, run],
  )
  await assert.rejects(second, /one_open_attempt/)
})

test('when the retries are used up, the run fails with all its attempts', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: { retries: { limit: 1, backoffSeconds: 0 } } })
  for (const outcome of ['crashed', 'deadline'] as const) {
    await kit.settle()
    const runner = kit.runnerOf(run)
    await runner.claim()
    await runner.end({ outcome, exitCode: 3 })
    kit.executor.exits(runner.attempt)
  }
  await kit.settle()
  const [failure] = await kit.said('run.failed')
  assert.deepEqual([failure?.outcome, failure?.reason], ['deadline', 'as scripted (1 retry was used)'])
  assert.deepEqual(
    failure?.attempts.map(({ number, outcome, exitCode }) => [number, outcome, exitCode]),
    [
      [1, 'crashed', 3],
      [2, 'deadline', 3],
    ],
  )
})

test('saved work is given to the next attempt, also past a crash, and is gone when the run has ended', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: atOnce })
  await kit.settle()
  const first = kit.runnerOf(run)
  await first.claim()
  const saved = { ...(await first.store('half the work')), path: 'state.bin' }
  await first.end({ outcome: 'resumable', checkpoint: [saved] })
  kit.executor.exits(first.attempt)
  await kit.settle()

  const second = kit.runnerOf(run)
  assert.deepEqual((await second.claim()).checkpoint, [saved])
  const { body } = await second.call<Buffer>('GET', `/blobs/${saved.digest}`)
  assert.equal(String(body), 'half the work')
  await second.end({ outcome: 'crashed' })
  kit.executor.exits(second.attempt)
  await kit.settle()

  const third = kit.runnerOf(run)
  const { model } = await third.train()
  kit.executor.exits(third.attempt)
  await kit.settle()
  assert.equal(await kit.state(run), 'succeeded')
  assert.equal(await kit.blobs.size(saved.digest), undefined)
  assert.notEqual(await kit.blobs.size(model), undefined)
  assert.notEqual(await kit.blobs.size(kit.dataset.train), undefined)
})

test('saved work that is also in a model stays', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: atOnce })
  await kit.settle()
  const first = kit.runnerOf(run)
  await first.claim()
  const saved = await first.store('the same bytes')
  await first.end({ outcome: 'resumable', checkpoint: [saved] })
  kit.executor.exits(first.attempt)
  await kit.settle()
  const second = kit.runnerOf(run)
  await second.train('the same bytes')
  kit.executor.exits(second.attempt)
  await kit.settle()
  assert.notEqual(await kit.blobs.size(digestOf('the same bytes')), undefined)
})

test('what an attempt stored without a commit is gone when the run has ended, and nothing that it merely named', async (t) => {
  const kit = await launcherKit(t)
  const labels = (await kit.blobs.put(Buffer.from('exam labels'))).digest
  const run = await kit.request()
  await kit.settle()
  const runner = kit.runnerOf(run)
  await runner.claim()
  const { model } = await runner.model('a model without answers')
  const named = await runner.call('PUT', `/blobs/${labels}?runner=${runner.runner}`, Buffer.from('other bytes'))
  assert.equal(named.status, 422)
  assert.equal((await runner.call('GET', `/blobs/${labels}`)).status, 404)
  await runner.end({ outcome: 'badOutput' })
  kit.executor.exits(runner.attempt)
  await kit.settle()
  assert.equal(await kit.blobs.size(model), undefined)
  assert.equal(await kit.blobs.size(digestOf('a model without answers')), undefined)
  assert.notEqual(await kit.blobs.size(labels), undefined)
})

test('D13: an attempt whose runner is gone without a word is lost, with what the executor saw, and tried again', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: atOnce })
  await kit.settle()
  const runner = kit.runnerOf(run)
  await runner.claim()
  kit.executor.exits(runner.attempt, { exitCode: 137, reason: 'out of memory' })
  await kit.settle()
  const [attempt] = (await kit.inject({ url: `/runs/${run}/attempts`, headers: { host: 'localhost' } })).json()
  assert.deepEqual([attempt.outcome, attempt.exitCode], ['lost', 137])
  assert.match(attempt.reason, /out of memory/)
  assert.deepEqual(started(kit), [`${run}-1`, `${run}-2`])
})

test('D13: silence is not death: no successor before the deadline has passed with its margin', async (t) => {
  const kit = await launcherKit(t, { timings: { marginMs: 60_000 } })
  const run = await kit.request({ spec: { ...atOnce, graceSeconds: 0 } })
  await kit.settle()
  await kit.runnerOf(run).claim()
  kit.executor.silence(true)
  const due = (seconds: number) =>
    kit.database.execute('update launcher.attempts set due_at = now() + make_interval(secs => $1)', [seconds])
  const look = async () => {
    await kit.database.execute('update launcher.runs set look_at = now()')
    await kit.settle()
  }
  await due(-30)
  await look()
  assert.deepEqual(started(kit), [`${run}-1`])
  await due(-61)
  await look()
  assert.deepEqual(started(kit), [`${run}-1`, `${run}-2`])
})

test('an attempt that nobody claims in time is stopped, lost and tried again', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: atOnce })
  await kit.settle()
  const runner = kit.runnerOf(run)
  await kit.database.execute('update launcher.attempts set due_at = now()')
  await kit.database.execute('update launcher.runs set look_at = now()')
  await kit.settle()
  assert.deepEqual(
    kit.executor.stopped.map(({ name }) => name),
    [runner.attempt],
  )
  kit.executor.exits(runner.attempt)
  await kit.settle()
  assert.equal((await runner.call('POST', '/claim', { pid: 1 })).status, 410)
  assert.deepEqual(started(kit), [`${run}-1`, `${run}-2`])
})

test('an attempt that was told to stop by nobody here is gone on with, and costs no retry', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request({ spec: { retries: { limit: 0, resumeLimit: 1 } } })
  await kit.settle()
  const runner = kit.runnerOf(run)
  await runner.claim()
  await runner.end({ outcome: 'stopped', reason: 'the node is drained' })
  kit.executor.exits(runner.attempt)
  await kit.settle()
  assert.deepEqual(started(kit), [`${run}-1`, `${run}-2`])
})

test('an executor that cannot start anything now is asked again', async (t) => {
  const kit = await launcherKit(t, { timings: { retryLookMs: 0 } })
  kit.executor.refuse(unavailable('the cluster does not answer'))
  const run = await kit.request()
  await kit.work('launcher.queue')
  await kit.work('launcher.reconcile')
  assert.equal(await kit.state(run), 'running')
  kit.executor.refuse(undefined)
  await kit.settle()
  assert.deepEqual(started(kit), [`${run}-1`])
})

test('since when an attempt waits is known, however often the details change of what it waits for', async (t) => {
  const kit = await launcherKit(t, { timings: { retryLookMs: 0 } })
  kit.executor.refuse(unavailable('the quota is full: 7 used'))
  await kit.request()
  await kit.work('launcher.queue')
  const stands = async (words: RegExp) => {
    await kit.work('launcher.reconcile')
    const [row] = await kit.database.query<{ standing: string | null; since: string }>(
      'select standing, standing_since::text as since from launcher.attempts',
    )
    return words.test(row?.standing ?? '') && row?.since
  }
  const since = await eventually(() => stands(/^can't be started yet: the quota is full: 7 used$/))
  kit.executor.refuse(unavailable('the quota is full: 8 used'))
  assert.equal(await eventually(() => stands(/8 used$/)), since)
  kit.executor.words = 'waits for a node'
  kit.executor.refuse(undefined)
  assert.notEqual(await eventually(() => stands(/^waits for a node$/)), since)
})

test('of an attempt that the executor cannot look at, this is said, and not how it stood before', async (t) => {
  const kit = await launcherKit(t)
  kit.executor.words = 'waits for a node'
  await kit.request()
  await kit.settle()
  kit.executor.silence(true)
  await kit.database.execute('update launcher.runs set look_at = now()')
  await kit.settle()
  const rows = await kit.database.query('select standing from launcher.attempts')
  assert.deepEqual(rows, [{ standing: 'cannot be looked at: the executor is out of reach' }])
})

test('a program that cannot be started at all fails the run with the reason', async (t) => {
  const kit = await launcherKit(t)
  kit.executor.refuse(badInput('there is no program "trian"'))
  const run = await kit.request()
  await kit.settle()
  const [failure] = await kit.said('run.failed')
  assert.deepEqual([failure?.run, failure?.outcome, failure?.reason], [run, 'badInput', 'there is no program "trian"'])
})

test('D13: what comes to be of an attempt after all was over is refused, and goes the way of every attempt', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  const [attempt] = kit.executor.started
  assert.ok(attempt)
  const runner = kit.runnerOf(run)
  await runner.claim()
  await runner.end({ outcome: 'badInput' })
  kit.executor.exits(runner.attempt)
  await kit.settle()
  assert.deepEqual(kit.executor.released, [attempt.name])

  // As when the call of a launcher that is no more was kept back by the network.
  await kit.executor.start(attempt)
  await kit.database.execute("update launcher.attempts set released_at = released_at - interval '1 minute'")
  await kit.work('launcher.orphans')
  await kit.settle()
  await assert.rejects(runner.claim())
  kit.executor.exits(attempt.name)
  await kit.settle()
  assert.deepEqual(kit.executor.released, [attempt.name, attempt.name])
  assert.equal(await kit.state(run), 'failed')
})
