import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { classify } from '../../../services/kit/errors.ts'
import { systemRandom } from '../../../services/kit/random.ts'
import { openDatabase, type Transaction } from '../../../services/kit/store/database.ts'
import { testDatabase } from '../../harness/database.ts'
import { eventually } from '../../harness/eventually.ts'

test('what is to happen after the commit happens once, and never after a rollback', async (t) => {
  const database = await testDatabase(t, [])
  const done: string[] = []
  await database.transaction(async (transaction) => transaction.afterCommit(() => done.push('committed')))
  await assert.rejects(
    database.transaction(async (transaction) => {
      transaction.afterCommit(() => done.push('rolled back'))
      throw new Error('no')
    }),
    /no/,
  )
  assert.deepEqual(done, ['committed'])
})

test('two transactions that lock each other out both succeed, since a deadlock is tried again', async (t) => {
  const database = await testDatabase(t, [])
  await database.execute('create table marks (name text primary key, count int not null)')
  await database.execute("insert into marks values ('a', 0), ('b', 0)")
  const raise = (first: string, second: string) =>
    database.transaction(async (transaction) => {
      await transaction.execute('update marks set count = count + 1 where name = $1', [first])
      await transaction.query('select pg_sleep(0.05)')
      await transaction.execute('update marks set count = count + 1 where name = $1', [second])
    })
  await Promise.all([raise('a', 'b'), raise('b', 'a'), raise('a', 'b'), raise('b', 'a')])
  assert.deepEqual(await database.query('select name, count from marks order by name'), [
    { name: 'a', count: 4 },
    { name: 'b', count: 4 },
  ])
})

test('of statements that are asked together the first that fails says why the transaction has, wherever its answer is awaited', async (t) => {
  const database = await testDatabase(t, [])
  await database.execute('create table marks (name text primary key, count int not null)')
  await database.execute("insert into marks values ('a', 0), ('b', 0)")
  const raise = (transaction: Transaction, name: string) =>
    transaction.execute('update marks set count = count + 1 where name = $1', [name])
  // The answers of both come in one piece, and what awaits the first has farther to go.
  const farther = async (asked: Promise<unknown>) => await (async () => await asked)()
  const together = (first: string, second: string) =>
    database.transaction(async (transaction) => {
      await raise(transaction, first)
      await transaction.query('select pg_sleep(0.05)')
      await Promise.all([farther(raise(transaction, second)), transaction.query('select')])
    })
  await Promise.all([together('a', 'b'), together('b', 'a')])
  const passedOver = (first: string, second: string) =>
    database.transaction(async (transaction) => {
      await raise(transaction, first)
      await transaction.query('select pg_sleep(0.05)')
      raise(transaction, second).catch(() => {})
    })
  await Promise.all([passedOver('a', 'b'), passedOver('b', 'a')])
  assert.deepEqual(await database.query('select name, count from marks order by name'), [
    { name: 'a', count: 4 },
    { name: 'b', count: 4 },
  ])
})

test('numbers, times and JSON come as what they are', async (t) => {
  const database = await testDatabase(t, [])
  const rows = await database.query(
    `select 9007199254740991::int8 as whole, 0.25::numeric as share, '2026-01-02T03:04:05Z'::timestamptz as at, '{"a":[1]}'::jsonb as data`,
  )
  assert.deepEqual(rows, [
    { whole: Number.MAX_SAFE_INTEGER, share: 0.25, at: new Date('2026-01-02T03:04:05Z'), data: { a: [1] } },
  ])
})

test('a list arrives as it was given, whatever is in it', async (t) => {
  const database = await testDatabase(t, [])
  const arrived = async (type: string, list: readonly unknown[]) =>
    (await database.query<{ list: unknown }>(`select $1::${type}[] as list`, [list]))[0]?.list
  const texts = ['', 'NULL', null, '{a,b}', ' a b ', 'ä😀', '\u2028', '\u007f', `'`]
  for (const list of [[], texts, [...texts, '"'], [...texts, '\\n'], [...texts, '\n\t\u0001']]) {
    assert.deepEqual(await arrived('text', list), list)
  }
  assert.deepEqual(await arrived('float8', [1, -0.5, 1e300, null, Number.NaN]), [1, -0.5, 1e300, null, Number.NaN])
  assert.deepEqual(await arrived('int8', [1, Number.MAX_SAFE_INTEGER]), ['1', '9007199254740991'])
  assert.deepEqual(await arrived('bool', [true, false, null]), [true, false, null])
  const times = [new Date('2026-01-02T03:04:05.678Z'), null]
  assert.deepEqual(await arrived('timestamptz', times), times)
  const bytes = [Buffer.from([0, 92, 34, 255]), null]
  assert.deepEqual(await arrived('bytea', bytes), bytes)
  assert.deepEqual(await arrived('json', ['{"a":"b\\n"}', '[]']), [{ a: 'b\n' }, []])
})

test('what PostgreSQL cannot do now may be tried again, and what is wrong with a statement may not', async (t) => {
  const database = await testDatabase(t, [])
  const failWith = (state: string) =>
    database.execute(`do $$ begin raise exception 'as told' using errcode = '${state}'; end $$`).then(
      () => assert.fail(),
      (error: unknown) => classify(error),
    )
  for (const state of [
    '08006',
    '25006',
    '25P03',
    '40001',
    '40P01',
    '53200',
    '53300',
    '55P03',
    '57014',
    '57P01',
    '58030',
  ])
    assert.equal((await failWith(state)).retryable, true, state)
  for (const state of ['22P02', '23505', '23514', '42703', 'P0001', 'XX000'])
    assert.equal((await failWith(state)).retryable, false, state)
  assert.equal((await failWith('53100')).message, 'the disk is full')
})

test('a database that cannot be reached is a failure that may pass', async () => {
  const database = openDatabase({
    url: 'postgres://nobody@127.0.0.1:1/none',
    maximumConnections: 2,
    random: systemRandom,
  })
  await assert.rejects(database.query('select 1'), { code: 'unavailable' })
  await assert.rejects(
    database.transaction(async () => {}),
    { code: 'unavailable' },
  )
  await assert.rejects(database.session(), { code: 'unavailable' })
  await database.close()
})

test('a connection that is lost in the middle of a transaction fails it as unavailable, and the next one is well', async (t) => {
  const database = await testDatabase(t, [])
  const lost = database.transaction(async (transaction) => {
    const [own] = await transaction.query<{ pid: number }>('select pg_backend_pid() as pid')
    await database.query('select pg_terminate_backend($1)', [own?.pid])
    await transaction.query('select 1')
  })
  await assert.rejects(lost, { code: 'unavailable' })
  assert.deepEqual(await database.transaction((transaction) => transaction.query('select 1 as one')), [{ one: 1 }])
})

test('connections that break while they are being closed are told of to nobody', async (t) => {
  const other = await testDatabase(t, [])
  const told: Error[] = []
  const maximumConnections = 10
  const onIdleError = (error: Error) => told.push(error)
  const database = openDatabase({ url: other.url, maximumConnections, random: systemRandom, onIdleError })
  const asked = Array.from({ length: maximumConnections }, () =>
    database.query<{ pid: number }>('select pg_backend_pid() as pid, pg_sleep(0.1)'),
  )
  const pids = (await Promise.all(asked)).flat().map(({ pid }) => pid)
  // Each hears of its closing and of its end at the same time, and does whichever it likes first.
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  await database.close()
  await other.query('select pg_terminate_backend(pid) from unnest($1::integer[]) as each (pid)', [pids])
  for (const pid of pids) process.kill(pid, 'SIGCONT')
  await eventually(
    async () => (await other.query('select from pg_stat_activity where pid = any($1)', [pids])).length === 0,
  )
  assert.deepEqual(told, [])
})

test('a session that is cut off ends, and nothing else does', async (t) => {
  const database = await testDatabase(t, [])
  const session = await database.session()
  const [own] = await session.query<{ pid: number }>('select pg_backend_pid() as pid')
  await database.query('select pg_terminate_backend($1)', [own?.pid])
  await session.ended
  await assert.rejects(session.query('select 1'), { code: 'unavailable' })
  await session.close()
})

test('a session of which nothing is asked for too long ends, and so does a transaction: who is stopped holds nothing for ever', async (t) => {
  const database = await testDatabase(t, [])
  const session = await database.session({ idleLimitMs: 50 })
  await session.ended
  assert.deepEqual(await database.query('show idle_in_transaction_session_timeout'), [
    { idle_in_transaction_session_timeout: '30s' },
  ])
})

test('a plan that is kept goes by an index, also when it was made while the table was empty', async (t) => {
  const database = await testDatabase(t, [])
  await database.execute('create table marks (name text primary key, count int not null)')
  const byKey = 'select count from marks where name = any($1)'
  const ask = () =>
    database.transaction(async (transaction) => {
      const scans = async () => {
        const [counts] = await transaction.query<{ seq_scan: number; idx_scan: number }>(
          `select seq_scan, idx_scan from pg_stat_xact_user_tables where relname = 'marks'`,
        )
        return counts ?? { seq_scan: 0, idx_scan: 0 }
      }
      const before = await scans()
      await transaction.query(byKey, [['mark-7']])
      const after = await scans()
      const [plans] = await transaction.query<{ generic_plans: number; custom_plans: number }>(
        'select generic_plans, custom_plans from pg_prepared_statements where statement = $1',
        [byKey],
      )
      return { whole: after.seq_scan - before.seq_scan, byIndex: after.idx_scan - before.idx_scan, ...plans }
    })
  await ask()
  await database.execute(`insert into marks select 'mark-' || number, number from generate_series(1, 100000) as number`)
  assert.deepEqual(await ask(), { whole: 0, byIndex: 1, generic_plans: 2, custom_plans: 0 })
})

test('what is asked of the database itself is planned for its values, whoever had the connection before', async (t) => {
  const database = await testDatabase(t, [])
  const settings = `select name, setting from pg_settings where name in ('enable_seqscan', 'plan_cache_mode') order by name`
  const kept = [
    { name: 'enable_seqscan', setting: 'off' },
    { name: 'plan_cache_mode', setting: 'force_generic_plan' },
  ]
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(await database.transaction((transaction) => transaction.query(settings)), kept)
    assert.deepEqual(await database.query(settings), [
      { name: 'enable_seqscan', setting: 'on' },
      { name: 'plan_cache_mode', setting: 'force_custom_plan' },
    ])
    assert.deepEqual(await database.keyed.query(settings), kept)
  }
})

test('only what is loose, of its own accord, does not wait for the disk', async (t) => {
  const database = await testDatabase(t, [])
  const [loose, strict] = await Promise.all([database.session({ isLoose: true }), database.session()])
  const decided = `select setting from pg_settings where name = 'synchronous_commit' and source = 'client'`
  for (const own of [database.loose, loose]) assert.deepEqual(await own.query(decided), [{ setting: 'off' }])
  for (const own of [database, database.keyed, strict]) assert.deepEqual(await own.query(decided), [])
  await Promise.all([loose.close(), strict.close()])
})

test('what goes with the commit is in it, in order, and when it fails nothing of the transaction is', async (t) => {
  const database = await testDatabase(t, [])
  await database.execute('create table marks (place int generated always as identity, name text unique)')
  const add = (name: string) => ({ text: 'insert into marks (name) values ($1)', values: [name] })
  await database.transaction(async (transaction) => {
    transaction.beforeCommit(() => [add('third'), add('fourth')])
    await transaction.execute(add('first').text, ['first'])
    await transaction.execute(add('second').text, ['second'])
  })
  const failing = database.transaction(async (transaction) => {
    transaction.beforeCommit(() => [add('sixth'), add('first')])
    await transaction.execute(add('fifth').text, ['fifth'])
  })
  await assert.rejects(failing, /duplicate key/)
  const names = await database.query<{ name: string }>('select name from marks order by place')
  assert.deepEqual(
    names.map(({ name }) => name),
    ['first', 'second', 'third', 'fourth'],
  )
})

test('a transaction that goes on after a statement of it has failed is never taken for committed', async (t) => {
  const database = await testDatabase(t, [])
  const passedOver = database.transaction(async (transaction) => {
    await transaction.query('select nonsense').catch(() => {})
  })
  await assert.rejects(passedOver, /nonsense/)
})

test('a server that ends a connection in the moment in which it is opened ends no process: the statement may be tried again', async (t) => {
  const message = (type: string, body: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(4 + body.byteLength)
    return Buffer.concat([Buffer.from(type), length, body])
  }
  const welcome = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))])
  const farewell = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'))
  const server = createServer((socket) => {
    socket.on('error', () => {})
    // Both in one piece: between them nobody of ours has had a turn.
    socket.once('data', () => socket.end(Buffer.concat([welcome, farewell])))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const database = openDatabase({
    url: `postgres://nobody@127.0.0.1:${port}/none`,
    maximumConnections: 1,
    random: systemRandom,
  })
  t.after(() => database.close())
  const isAway = (error: unknown) => classify(error).retryable
  await assert.rejects(
    database.transaction(() => assert.fail()),
    isAway,
  )
  await assert.rejects(database.query('select'), isAway)
})
