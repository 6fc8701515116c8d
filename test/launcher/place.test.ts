import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { systemClock } from '../../services/kit/clock.ts'
import { codeOf } from '../../services/kit/errors.ts'
import type { Database } from '../../services/kit/store/database.ts'
import { holdPlace } from '../../services/launcher/place.ts'
import { cleanup } from '../harness/cleanup.ts'
import { testDatabase } from '../harness/database.ts'
import { eventually } from '../harness/eventually.ts'

const log = pino({ level: 'silent' })
const one = '/data/attempts on one'
const two = '/data/attempts on two'

async function places(t: TestContext, given?: Database) {
  const database = given ?? (await testDatabase(t, []))
  const failures: unknown[] = []
  const fail = (error: unknown) => failures.push(error)
  const hold = (place: string) => holdPlace({ database, clock: systemClock, log, fail }, place)
  return { database, hold, failures }
}

const heldPlaces = `select pid from pg_locks where locktype = 'advisory'
  and database = (select oid from pg_database where datname = current_database())`

test('launchers on one database share a place for their attempts; one that has another does not start beside them', async (t) => {
  const { hold } = await places(t)
  const first = await hold(one)
  const second = await hold(one)
  cleanup(t, () => second.stop())
  await first.stop()
  await assert.rejects(hold(two), { code: 'conflict', message: /attempts on two/ })
})

test('a place is free again when nobody holds it, and another database knows nothing of it', async (t) => {
  const { hold } = await places(t)
  const first = await hold(one)
  const elsewhere = await (await places(t)).hold(two)
  await elsewhere.stop()
  await first.stop()
  await (await hold(two)).stop()
})

test('I1: a place is held again when PostgreSQL has ended its session, and another is refused then, too', async (t) => {
  const { database, hold, failures } = await places(t)
  const held = await hold(one)
  cleanup(t, () => held.stop())
  const [before] = await database.query<{ pid: number }>(heldPlaces)
  await database.query('select pg_terminate_backend($1)', [before?.pid])
  await eventually(
    async () => (await database.query<{ pid: number }>(heldPlaces)).some(({ pid }) => pid !== before?.pid),
    {
      what: 'a place that is held again',
    },
  )
  await assert.rejects(hold(two), { code: 'conflict' })
  assert.deepEqual(failures, [])
})

test('I1: a process whose place another has taken, while PostgreSQL did not hold it, ends', async (t) => {
  const { database, hold, failures } = await places(t)
  const held = await hold(one)
  cleanup(t, () => held.stop())
  const [before] = await database.query<{ pid: number }>(heldPlaces)
  const other = await database.session()
  cleanup(t, () => other.close())
  await other.query("select pg_advisory_lock_shared(hashtext('trainyard.attempts'), hashtext($1))", [two])
  await database.query('select pg_terminate_backend($1)', [before?.pid])
  await eventually(async () => failures.length > 0, { what: 'a launcher that ends' })
  assert.deepEqual(failures.map(codeOf), ['conflict'])
})
