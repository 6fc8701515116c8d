import assert from 'node:assert/strict'
import { test } from 'node:test'
import { championChanges, listChampions } from '../../services/console/champions.ts'
import { console } from '../../services/console/main.ts'
import { listRuns, type RunFilter } from '../../services/console/runs.ts'
import type { Queryable } from '../../services/kit/store/database.ts'
import { testDatabase } from '../harness/database.ts'
import { fillHistory } from './fill.ts'
import { bot, jobType } from './given.ts'

test('every list is read from an index in its order, so its cost does not grow with the history', async (t) => {
  const database = await testDatabase(t, [console])
  await fillHistory(database, { runs: 2_000, bots: 20 })
  const [middle] = await listRuns(database, {}, 1)
  assert.ok(middle)

  /** The kinds of steps by which PostgreSQL would answer, where it may sort only if nothing else gives the order. */
  async function stepsOf(list: (explained: Queryable) => Promise<unknown>): Promise<string[]> {
    const plans: string[] = []
    await database.transaction(async (transaction) => {
      await transaction.script(
        'set local enable_sort = off; set local enable_incremental_sort = off; set local enable_seqscan = off; set local enable_bitmapscan = off',
      )
      await list({
        async query<R extends object>(text: string, values?: readonly unknown[]) {
          const plan = await transaction.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values)
          plans.push(...plan.map((row) => row['QUERY PLAN']))
          return await transaction.query<R>(text, values)
        },
        execute: (text, values) => transaction.execute(text, values),
      })
    })
    return plans
  }

  const filters: RunFilter[] = [
    {},
    { bot },
    { bot, state: 'failed' },
    { jobType: 'nightly' },
    { jobType: 'nightly', state: 'succeeded' },
    { state: 'failed' },
    { bot, held: true },
  ]
  for (const filter of filters) {
    const steps = await stepsOf((explained) => listRuns(explained, filter, 50, middle.run))
    const text = steps.join('\n')
    assert.doesNotMatch(text, /Sort|Seq Scan|Filter: .*(state|bot|job_type) =/, JSON.stringify(filter))
  }
  for (const list of [
    (explained: Queryable) => listChampions(explained, 50, { bot, jobType }),
    (explained: Queryable) => championChanges(explained, { bot, jobType }, 20),
  ]) {
    assert.doesNotMatch((await stepsOf(list)).join('\n'), /Sort|Seq Scan/)
  }
})
