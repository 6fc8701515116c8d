import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { type Topic, topicNames } from '../../schemas/catalogue.ts'
import { openLogBus } from '../../services/kit/bus/log.ts'
import { systemClock } from '../../services/kit/clock.ts'
import { systemRandom } from '../../services/kit/random.ts'
import { serviceNames } from '../../services/kit/service.ts'
import { type Database, openDatabase } from '../../services/kit/store/database.ts'
import { cleanup } from '../harness/cleanup.ts'
import { emptyDatabase } from '../harness/database.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard } from '../harness/yard.ts'
import { botUpdated, championOf, datasetOf, echoConfiguration, postDataset, sumsOf } from './bot.ts'

const topic: Topic = 'trainyard.events'

test('I4, I5: a duplicate of every message that ever lay on the bus changes nothing, and nobody says anything about it', async (t) => {
  const postgres = new URL(await emptyDatabase(t))
  const yard = await startYard(t, { configuration: echoConfiguration(), postgres })
  const database = openDatabase({ url: postgres.href, maximumConnections: 2, random: systemRandom })
  cleanup(t, () => database.close())
  const log = pino({ level: 'silent' })
  const bus = openLogBus({ database, clock: systemClock, log, pollMs: 100, batchSize: 100 })

  const bots = ['bot-1', 'bot-2', 'bot-3']
  const dataset = await postDataset(yard, datasetOf('first'))
  const edits = bots.map((bot) => Buffer.from(JSON.stringify(botUpdated(bot, dataset, 1))))
  await bus.publish(edits.map((value) => ({ topic, key: null, headers: {}, value })))
  for (const bot of bots) await eventually(() => championOf(yard, bot))
  await eventually(async () => (await sumsOf(yard)).waiting === 0 && (await atRest(database)))
  const facts = async () => ({
    sums: await sumsOf(yard),
    champions: await yard.get('/champions'),
    runs: await yard.get('/runs'),
  })
  const before = await facts()
  const lengths = await lengthsOf(database)

  for (const name of topicNames) await bus.publish(await bus.peek(name, 10_000))
  await eventually(() => atRest(database))
  assert.deepEqual(await facts(), before)
  const doubled = new Map([...lengths].map(([name, length]) => [name, length * 2]))
  assert.deepEqual(await lengthsOf(database), doubled)
})

/** Everything that was said is on the bus, and every group has passed all of it. */
async function atRest(database: Database): Promise<boolean> {
  const behind = serviceNames.map(
    (service) =>
      `select from ${service}.offsets join bus.topics using (topic) where offsets.next_offset < topics.next_offset
       union all select from ${service}.outbox where published_at is null`,
  )
  return (await database.query(behind.join(' union all '))).length === 0
}

async function lengthsOf(database: Database): Promise<Map<string, number>> {
  const rows = await database.query<{ topic: string; next_offset: number }>('select topic, next_offset from bus.topics')
  return new Map(rows.map((row) => [row.topic, row.next_offset]))
}
