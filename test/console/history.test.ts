import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { committedCodec } from '../../schemas/codec.ts'
import { headOf, readHistory, record } from '../../services/console/history.ts'
import { console } from '../../services/console/main.ts'
import { receive } from '../../services/kit/bus/events.ts'
import type { Database } from '../../services/kit/store/database.ts'
import { testDatabase } from '../harness/database.ts'
import { eventually } from '../harness/eventually.ts'
import { testKit } from '../harness/kit.ts'
import { at, type GivenEvent, given, messageOf, promotedLife, run } from './given.ts'

const second = given({ letter: 'b', generation: 4, sequence: 5, number: 2 })
const third = given({ letter: 'c', generation: 5, number: 3 })

/** Three runs of one key: promoted; held and promoted by a person; superseded. */
const lives: GivenEvent[] = [
  ...promotedLife({ letter: 'a' }),
  ...promotedLife({ letter: 'b', generation: 4, sequence: 5, number: 2 }),
  second('model.held', { decidedAt: at(20.5) }),
  third('training.requested', { requestedAt: at(40) }),
  third('run.superseded', { by: run('d'), endedAt: at(44) }),
]

const received = (event: GivenEvent) =>
  receive({ ...messageOf(event), partition: 0, offset: 0, key: null, timestamp: new Date(0) }, committedCodec)

async function readModels(database: Database) {
  const runs = await database.query('select * from console.runs order by run')
  const champions = await database.query('select * from console.champions order by bot, job_type')
  return { runs, champions }
}

async function deliver(database: Database, events: readonly GivenEvent[]): Promise<number> {
  return await database.transaction(async (transaction) => (await record(transaction, events.map(received))).length)
}

async function fresh(t: TestContext) {
  const database = await testDatabase(t, [console])
  const forget = () => database.execute('truncate console.events, console.runs, console.champions')
  return { database, forget }
}

test('the read models are the same whatever the interleaving of topics and batches', async (t) => {
  const { database, forget } = await fresh(t)
  await deliver(database, lives)
  const expected = await readModels(database)
  assert.equal(expected.runs.length, 3)
  assert.equal(expected.champions.length, 1)

  const anyOrder = fc.shuffledSubarray(lives, { minLength: lives.length })
  const anyCuts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: lives.length, maxLength: lives.length })
  await fc.assert(
    fc.asyncProperty(anyOrder, anyCuts, async (order, cuts) => {
      await forget()
      const rest = [...order]
      for (const size of cuts) if (rest.length > 0) await deliver(database, rest.splice(0, size))
      assert.deepEqual(await readModels(database), expected)
    }),
    { numRuns: 40 },
  )
})

test('a redelivery changes nothing, in the same batch or later', async (t) => {
  const { database } = await fresh(t)
  assert.equal(await deliver(database, [...lives, ...lives]), lives.length)
  const before = await readModels(database)
  const events = await database.query('select * from console.events order by position')
  assert.equal(await deliver(database, lives), 0)
  assert.deepEqual(await readModels(database), before)
  assert.deepEqual(await database.query('select * from console.events order by position'), events)
})

test('a change of champion that is said anew, to a topic that had lost it, is in the history once', async (t) => {
  const { database } = await fresh(t)
  await deliver(database, lives)
  const anew = { ...second('model.ready'), id: 'said-anew' }
  const next = { ...second('model.ready', { sequence: 6 }), id: 'another' }
  assert.equal(await deliver(database, [anew]), 0)
  assert.equal(await deliver(database, [anew, next, { ...next, id: 'said-anew-at-once' }]), 1)
  // Never to be, and the more to be seen where it is.
  const contradicting = { ...third('model.ready', { sequence: 6 }), id: 'contradicting' }
  assert.equal(await deliver(database, [contradicting]), 1)
})

test('a reader that goes on from the last position that it saw misses nothing, though two write at once', async (t) => {
  const { database } = await fresh(t)
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  let recorded: () => void = () => {}
  const firstRecorded = new Promise<void>((resolve) => {
    recorded = resolve
  })
  const slow = database.transaction(async (transaction) => {
    await record(transaction, [received(given({ letter: 'a' })('run.queued'))])
    recorded()
    await gate
  })
  await firstRecorded
  const quick = deliver(database, [given({ letter: 'b' })('run.started')])
  await eventually(async () => {
    const rows = await database.query(
      "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    )
    return rows.length > 0
  })
  assert.equal(await headOf(database), 0)
  assert.deepEqual(await readHistory(database, 0, {}, 10), [])
  open()
  await Promise.all([slow, quick])
  const events = await readHistory(database, 0, {}, 10)
  assert.deepEqual(
    events.map(({ name }) => name),
    ['run.queued', 'run.started'],
  )
  assert.equal(events.at(-1)?.position, await headOf(database))
})

test('an event is kept whole, with its cause and its place on the other side', async (t) => {
  const { database } = await fresh(t)
  const event = third('run.superseded', { by: run('d') })
  await deliver(database, [event, given({ letter: 'a' })('signal.ended')])
  const rows = await database.query(
    'select type, bot, job_type, run, other_run, signal, cause, chain, data from console.events order by position',
  )
  assert.deepEqual(rows[0], {
    type: 'run.superseded',
    bot: 'shop',
    job_type: 'intents',
    run: run('c'),
    other_run: run('d'),
    signal: null,
    cause: 'cause',
    chain: 'chain',
    data: event.data,
  })
  assert.deepEqual(rows[1], { ...rows[1], type: 'signal.ended', run: run('a'), signal: `sig-${'1'.padStart(24, '0')}` })
})

test('the service records every topic of its own, and counts what was new by type', async (t) => {
  const kit = await testKit(t, console)
  await kit.deliverRaw(lives.map(messageOf))
  await kit.deliverRaw(lives.map(messageOf))
  const [row] = await kit.database.query<{ count: number }>('select count(*) from console.events')
  assert.equal(row?.count, lives.length)
  const metrics = await kit.inject({ url: '/metrics', headers: { host: 'localhost' } })
  assert.match(metrics.body, /trainyard_events_total\{type="training.requested"\} 3\n/)
  assert.match(metrics.body, /trainyard_events_total\{type="model.held"\} 1\n/)
})
