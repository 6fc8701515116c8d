import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdPlace } from '../../services/launcher/place.ts'
import { cleanup } from '../harness/cleanup.ts'
import { testDatabase } from '../harness/database.ts'

test('launchers on one database share a place for their attempts; one that has another does not start beside them', async (t) => {
  const database = await testDatabase(t, [])
  const first = await holdPlace(database, '/data/attempts on one')
  const second = await holdPlace(database, '/data/attempts on one')
  cleanup(t, () => second.close())
  await first.close()
  await assert.rejects(holdPlace(database, '/data/attempts on two'), { code: 'conflict', message: /attempts on two/ })
})

test('a place is free again when nobody holds it, and another database knows nothing of it', async (t) => {
  const database = await testDatabase(t, [])
  const first = await holdPlace(database, '/data/attempts on one')
  const elsewhere = await holdPlace(await testDatabase(t, []), '/data/attempts on two')
  await elsewhere.close()
  await first.close()
  await (await holdPlace(database, '/data/attempts on two')).close()
})
