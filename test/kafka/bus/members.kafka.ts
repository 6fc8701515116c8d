import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { migrate } from '../../../services/kit/store/migrate.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { testDatabase } from '../../harness/database.ts'
import { eventually } from '../../harness/eventually.ts'
import { sharedBroker } from '../broker/shared.ts'
import { createTopics, uniqueName } from '../broker/topics.ts'
import { burst, insist, openClient, settingsFor } from './given.ts'

const migrations = new URL('../../../services/kit/bus/service-migrations/', import.meta.url)
const program = fileURLToPath(new URL('member.ts', import.meta.url))
const patient = { timeoutMs: 60_000 }
const atOnce = 50

/** A topic, a table of effects, and processes that turn the one into the other. */
async function given(t: TestContext) {
  const brokers = await sharedBroker()
  const topic = uniqueName('things')
  await createTopics(brokers, [{ topic, numPartitions: 4 }])
  const database = await testDatabase(t, [])
  await migrate(database, 'yard', migrations)
  await database.execute('create table yard.effects (member int, place text, text text)')
  const settings = settingsFor(brokers)
  const bus = openClient(t, settings)
  const parameters = { url: database.url, brokers, prefix: settings.prefix, topic, sessionLimitMs: 3_000 }

  const query = async (what: string, condition = 'true') => {
    const rows = await database.query<{ count: number }>(
      `select ${what}::int as count from yard.effects where ${condition}`,
    )
    return rows[0]?.count ?? 0
  }
  let published = 0
  return {
    query,
    start(): ChildProcess {
      const child = spawn(process.execPath, [program, JSON.stringify(parameters)], { stdio: 'inherit' })
      cleanup(t, async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill('SIGKILL')
        await once(child, 'exit')
      })
      return child
    },
    handledBy: (child: ChildProcess) => query('count(*)', `member = ${child.pid}`),
    /** Publishes until the condition holds. */
    async publishUntil(condition: () => Promise<boolean>) {
      while (!(await condition())) {
        await insist(bus, burst(topic, atOnce, { first: published }))
        published += atOnce
      }
    },
    async assertNothingLostOrDoubled() {
      await eventually(async () => (await query('count(distinct text)')) === published, patient)
      assert.equal(await query('count(*) - count(distinct place)'), 0, 'handled twice')
    },
  }
}

test('a consumer that is killed leaves nothing undone and nothing done twice: the others of its group go on', async (t) => {
  const { start, handledBy, publishUntil, assertNothingLostOrDoubled } = await given(t)
  const [killed, other] = [start(), start()]
  await publishUntil(async () => (await handledBy(killed)) > 200 && (await handledBy(other)) > 200)
  killed.kill('SIGKILL')
  const before = await handledBy(other)
  await publishUntil(async () => (await handledBy(other)) > before + 200)
  await assertNothingLostOrDoubled()
})

test('a consumer that is stopped beyond its session and goes on does nothing again that others have done meanwhile', async (t) => {
  const { start, handledBy, publishUntil, assertNothingLostOrDoubled, query } = await given(t)
  const [paused, other] = [start(), start()]
  await publishUntil(async () => (await handledBy(paused)) > 200 && (await handledBy(other)) > 200)
  paused.kill('SIGSTOP')
  const whileActive = await handledBy(paused)
  // All four partitions are read without it.
  await publishUntil(
    async () => (await query("count(distinct split_part(place, '/', 1))", `member = ${other.pid}`)) === 4,
  )
  paused.kill('SIGCONT')
  await publishUntil(async () => (await handledBy(paused)) > whileActive + 200)
  await assertNothingLostOrDoubled()
})
