import assert from 'node:assert/strict'
import { test } from 'node:test'
import { given, promotedLife, run, signal } from './given.ts'
import { openConsole } from './open.ts'

const day = 86_400_000

test('a run goes whole when nothing has happened to it for the whole time; a champion stays', async (t) => {
  const now = Date.now()
  const old = given({ letter: 'a' })
  const recent = given({ letter: 'b' })
  const { kit, tell, get } = await openConsole(t, [
    old('training.requested', { requestedAt: now - 402 * day }),
    old('run.failed', { endedAt: now - 401 * day }),
    recent('training.requested', { requestedAt: now - 402 * day }),
    recent('run.failed', { endedAt: now - 399 * day }),
    old('signal.ended', { signal: signal(8), run: null, end: 'rejected' }),
  ])
  await tell(...promotedLife({ letter: 'c' }))
  await kit.database.execute(
    "update console.events set time = now() - interval '402 days' where run = $1 or run is null",
    [run('a')],
  )
  await kit.database.execute("update console.runs set last_at = now() - interval '900 days' where run = $1", [run('c')])

  assert.equal(await kit.work('console.retention'), undefined)
  const { body } = await get('/runs')
  assert.deepEqual(new Set(body.runs.map((item: { run: string }) => item.run)), new Set([run('b'), run('c')]))
  const left = await kit.database.query<{ run: string }>('select distinct run from console.events order by run')
  assert.deepEqual(
    left.map((row) => row.run),
    [run('b'), run('c')],
  )
})

test('a champion that steps down is kept as long from then on: people may go back to it', async (t) => {
  const former = given({ letter: 'a', sequence: 1 })
  const { kit, tell, get } = await openConsole(t, [former('model.promoted'), former('model.ready')])
  const age = (letter: string, days: number) =>
    kit.database.transaction(async (transaction) => {
      const old = [run(letter), days]
      await transaction.execute(
        'update console.events set time = now() - make_interval(days => $2) where run = $1',
        old,
      )
      await transaction.execute(
        'update console.runs set last_at = now() - make_interval(days => $2) where run = $1',
        old,
      )
    })
  const next = given({ letter: 'b', sequence: 2 })
  const replaces = { run: run('a'), sequence: 1, model: former('model.ready').data.model }
  await tell(next('model.ready', { replaces }))
  await age('a', 900)
  await age('b', 399)
  await kit.work('console.retention')
  assert.equal((await get(`/runs/${run('a')}`)).status, 200)
  const { body } = await get('/bots/shop')
  const changes: readonly { run: string }[] = body.champions[0].changes
  assert.deepEqual(
    changes.map((change) => change.run),
    [run('b'), run('a')],
  )

  await age('b', 401)
  await kit.work('console.retention')
  assert.equal((await get(`/runs/${run('a')}`)).status, 404)
  assert.equal((await get(`/runs/${run('b')}`)).status, 200)
})

test('history is removed in small batches, one after the other without a wait', async (t) => {
  const { kit } = await openConsole(t)
  await kit.database.execute(
    `insert into console.events (position, id, type, bot, job_type, time, cause, chain, data)
     select n, n::text, 'signal.ended', 'shop', 'intents', now() - interval '401 days', 'cause', 'chain', '{}' from generate_series(1, 1500) n`,
  )
  assert.equal(await kit.work('console.retention'), 0)
  assert.equal(await kit.work('console.retention'), undefined)
  const [row] = await kit.database.query<{ count: number }>('select count(*) from console.events')
  assert.equal(row?.count, 0)
})

test('a removed dead letter takes the record of its replays along', async (t) => {
  const { kit, post } = await openConsole(t)
  const headers = { 'dead-letter-topic': 'bot.events', 'dead-letter-time': '2020-01-01T00:00:00Z' }
  await kit.deliverRaw([{ topic: 'trainyard.dead-letters', value: Buffer.from('x'), headers }])
  await post('/dead-letters/1/replay', { actor: 'ada', reason: 'mended' })
  await kit.work('console.retention')
  assert.deepEqual(await kit.database.query('select from console.dead_letters'), [])
  assert.deepEqual(await kit.database.query('select from console.dead_letter_replays'), [])
})
