import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../../harness/database.ts'

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

test('numbers, times and JSON come as what they are', async (t) => {
  const database = await testDatabase(t, [])
  const rows = await database.query(
    `select 9007199254740991::int8 as whole, 0.25::numeric as share, '2026-01-02T03:04:05Z'::timestamptz as at, '{"a":[1]}'::jsonb as data`,
  )
  assert.deepEqual(rows, [
    { whole: Number.MAX_SAFE_INTEGER, share: 0.25, at: new Date('2026-01-02T03:04:05Z'), data: { a: [1] } },
  ])
})
