import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AttemptName, BotId, digestOf } from '../../schemas/words.ts'
import { type LauncherKit, launcherKit, type RequestChanges } from './launcher-kit.ts'

const get = (kit: LauncherKit, url: string, headers = {}) =>
  kit.inject({ url, headers: { host: 'localhost', ...headers } })

async function trained(kit: LauncherKit) {
  const run = await kit.request()
  await kit.settle()
  const runner = kit.runnerOf(run)
  const stored = await runner.train('the weights')
  kit.executor.exits(runner.attempt)
  await kit.settle()
  return { run, ...stored }
}

test('a model tells who made it, with which program, and where its files are', async (t) => {
  const kit = await launcherKit(t)
  const { run, model } = await trained(kit)
  const manifest = (await get(kit, `/models/${model}`)).json()
  const digest = digestOf('the weights')
  assert.deepEqual(manifest, {
    digest: model,
    run,
    bot: 'shop',
    jobType: 'intents',
    generation: 1,
    program: { command: ['node', 'services/trainer/main.ts', 'echo'] },
    hyperparameters: {},
    files: [{ path: 'weights.bin', digest, bytes: 11, url: `http://127.0.0.1:7070/models/${model}/files/weights.bin` }],
  })
  const file = await get(kit, `/models/${model}/files/weights.bin`)
  assert.deepEqual([file.statusCode, file.body, file.headers['etag']], [200, 'the weights', `"${digest}"`])
  const part = await get(kit, `/models/${model}/files/weights.bin`, { range: 'bytes=4-' })
  assert.deepEqual([part.statusCode, part.body, part.headers['content-range']], [206, 'weights', 'bytes 4-10/11'])
})

test('a model that nobody made is not found, a file that it does not have neither, and one that is not kept is gone', async (t) => {
  const kit = await launcherKit(t)
  const { model } = await trained(kit)
  assert.equal((await get(kit, `/models/${digestOf('no model')}`)).statusCode, 404)
  assert.equal((await get(kit, `/models/${model}/files/other.bin`)).statusCode, 404)
  await kit.blobs.remove([model])
  assert.equal((await get(kit, `/models/${model}`)).statusCode, 410)
})

test('the queue tells what runs, what waits in which place, and for what', async (t) => {
  const kit = await launcherKit(t, { slots: 1 })
  const first = await kit.request()
  await kit.settle()
  await kit.runnerOf(first).claim()
  await kit.runnerOf(first).call('POST', '/heartbeat', { progress: 0.25 })
  const same = await kit.request()
  const slow = await kit.request({ bot: BotId.parse('one') })
  const urgent = await kit.request({ bot: BotId.parse('two'), priority: 1 })
  const queue = (await get(kit, '/queue')).json()
  const shown = queue.map(({ run, state, position, waitsFor, progress }: Record<string, unknown>) => [
    run,
    state,
    position,
    waitsFor,
    progress,
  ])
  assert.deepEqual(shown, [
    [first, 'running', null, null, 0.25],
    [urgent, 'queued', 1, 'slot', null],
    [slow, 'queued', 2, 'slot', null],
    [same, 'queued', null, 'running', null],
  ])
  assert.deepEqual(
    (await get(kit, '/queue?bot=two')).json().map(({ run, position }: Record<string, unknown>) => [run, position]),
    [[urgent, 1]],
  )
})

test('the attempts of a run are listed with what became of them', async (t) => {
  const kit = await launcherKit(t)
  const { run } = await trained(kit)
  const [attempt] = (await get(kit, `/runs/${run}/attempts`)).json()
  assert.deepEqual(
    [attempt.attempt, attempt.kind, attempt.state, attempt.outcome, attempt.progress, attempt.trainSeconds],
    [`${run}-1`, 'train', 'ended', 'done', 1, 1],
  )
  assert.equal((await get(kit, '/runs/run-zzzzzzzzzz/attempts')).statusCode, 404)
})

test('a crashed attempt tells from when on another may follow it, where it is the last one and another is to follow', async (t) => {
  const kit = await launcherKit(t)
  const attemptsOfCrash = async (changes: RequestChanges) => {
    const run = await kit.request(changes)
    await kit.settle()
    await kit.crash(run)
    return (await get(kit, `/runs/${run}/attempts`)).json()
  }
  const [last] = await attemptsOfCrash({ spec: { retries: { backoffSeconds: 3_600 } } })
  const waitMs = Date.parse(last.followedFrom) - Date.parse(last.endedAt)
  assert.ok(waitMs >= 1_800_000 && waitMs <= 3_600_000, String(waitMs))
  const followed = await attemptsOfCrash({ bot: BotId.parse('two'), spec: { retries: { backoffSeconds: 0 } } })
  assert.deepEqual(
    followed.map(({ state, followedFrom }: Record<string, unknown>) => [state, followedFrom]),
    [
      ['ended', null],
      ['created', null],
    ],
  )
  const [failed] = await attemptsOfCrash({ bot: BotId.parse('three'), spec: { retries: { limit: 0 } } })
  assert.deepEqual([failed.outcome, failed.followedFrom], ['crashed', null])
})

test('the attempts of a run whose record cannot be understood are listed all the same', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  await kit.database.execute("update launcher.runs set spec = '{}' where run = $1", [run])
  const [attempt] = (await get(kit, `/runs/${run}/attempts`)).json()
  assert.deepEqual([attempt?.attempt, attempt?.followedFrom], [`${run}-1`, null])
})

test('what the executor says of an attempt that goes on is told where it is asked for, and holds nobody up', async (t) => {
  const kit = await launcherKit(t)
  const run = await kit.request()
  await kit.settle()
  kit.executor.told.set(AttemptName.parse(`${run}-1`), [{ at: new Date(0), words: 'waits for its image' }])
  const remarks = async (query: string) => (await get(kit, `/runs/${run}/attempts${query}`)).json()[0].remarks
  assert.deepEqual(await remarks(''), [])
  assert.deepEqual(await remarks('?remarks=true'), [{ at: '1970-01-01T00:00:00.000Z', words: 'waits for its image' }])
  kit.executor.silence(true)
  assert.deepEqual(await remarks('?remarks=true'), [])
})

test('metrics tell how much waits, runs and awaits its verdict, and how attempts ended', async (t) => {
  const kit = await launcherKit(t, { slots: 1 })
  await trained(kit)
  await kit.request()
  const running = await kit.request({ bot: BotId.parse('other') })
  await kit.settle()
  assert.equal(await kit.state(running), 'running')
  const { body } = await get(kit, '/metrics')
  for (const line of [
    'trainyard_launcher_runs{jobType="intents",state="queued"} 1',
    'trainyard_launcher_runs{jobType="intents",state="running"} 1',
    'trainyard_launcher_runs{jobType="intents",state="awaiting"} 1',
    'trainyard_launcher_attempts_total{outcome="done"} 1',
  ]) {
    assert.ok(body.includes(line), line)
  }
  assert.match(body, /trainyard_launcher_oldest_run_seconds\{jobType="intents",state="queued"\} 0\.\d/)
})
