import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { migrate, migrateAll } from '../../../services/kit/store/migrate.ts'
import { testDatabase } from '../../harness/database.ts'

async function folderWith(t: TestContext, files: Record<string, string>): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'migrations-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return pathToFileURL(`${folder}/`)
}

test('two services that start at once apply each file once', async (t) => {
  const database = await testDatabase(t, [])
  const folder = await folderWith(t, {
    '001-first.sql': "create table {schema}.things (name text); insert into {schema}.things values ('one');",
    '002-second.sql': "insert into {schema}.things values ('two');",
  })
  await Promise.all([1, 2, 3, 4].map(() => migrate(database, 'yard', folder)))
  assert.deepEqual(await database.query('select name from yard.things'), [{ name: 'one' }, { name: 'two' }])
})

test('a file that fails leaves nothing half done', async (t) => {
  const database = await testDatabase(t, [])
  const folder = await folderWith(t, {
    '001-good.sql': 'create table {schema}.good (name text);',
    '002-bad.sql': 'create table {schema}.bad (name text); select nonsense;',
  })
  await assert.rejects(migrate(database, 'yard', folder), /nonsense/)
  assert.deepEqual(await database.query("select to_regclass('yard.good') as good"), [{ good: null }])
})

test('an older program refuses a database that a newer one has shaped', async (t) => {
  const database = await testDatabase(t, [])
  const migrations = await folderWith(t, { '001-a.sql': 'select 1;', '002-b.sql': 'select 1;' })
  const services = [{ name: 'yard', migrations }]
  await migrateAll(database, services)
  await rm(new URL('002-b.sql', migrations))
  await assert.rejects(migrateAll(database, services), /newer version: this one does not know 002-b.sql/)
})

test('a start that finds nothing new waits for nobody', async (t) => {
  const database = await testDatabase(t, [])
  const migrations = await folderWith(t, { '001-a.sql': 'create table {schema}.things (name text);' })
  await migrateAll(database, [{ name: 'yard', migrations }])
  await database.transaction(async (other) => {
    await other.query("select pg_advisory_xact_lock(hashtext('trainyard.migrate'))")
    await other.query('lock table kit.migrations in share row exclusive mode')
    await migrateAll(database, [{ name: 'yard', migrations }])
  })
})
