import assert from 'node:assert/strict'
import { test } from 'node:test'
import { console } from '../../../services/console/main.ts'
import { claimCarrier } from '../../../services/kit/bus/carrier.ts'
import { setPositions } from '../../../services/kit/bus/positions.ts'
import { trainyard } from '../../cli/server.ts'
import { cleanup, type Ending } from '../../harness/cleanup.ts'
import { testDatabase } from '../../harness/database.ts'
import { eventually } from '../../harness/eventually.ts'
import { sharedBroker } from '../broker/shared.ts'
import { plainKafka, uniqueName } from '../broker/topics.ts'

const runs = 'trainyard.runs'

/** The console has read some of five messages in each of two partitions, one of which held more when it did. */
async function given(t: Ending) {
  const brokers = await sharedBroker()
  const database = await testDatabase(t, [console])
  const prefix = `${uniqueName('reset')}.`
  const variables = {
    KAFKA_BROKERS: brokers.join(),
    KAFKA_PREFIX: prefix,
    KAFKA_TOPIC_PARTITIONS: '2',
    DATABASE_URL: database.url,
  }
  await trainyard(['topics', 'apply'], variables)
  const kafka = plainKafka(brokers)
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()
  cleanup(t, () => producer.disconnect())
  const messages = [0, 1].flatMap((partition) => Array.from({ length: 5 }, () => ({ partition, value: 'x' })))
  await producer.send({ topic: prefix + runs, messages })

  const record = (topic: string, positions: readonly [number, number][]) =>
    setPositions(database, { service: 'console', group: 'console', topic }, new Map(positions))
  await record(runs, [
    [0, 3],
    [1, 700],
    [2, 9],
  ])
  await record('trainyard.requests', [[0, 0]])
  return {
    kafka,
    prefix,
    database,
    reset: (...words: string[]) => trainyard(['topics', 'reset', ...words], variables),
    positions: async (topic = runs) => {
      const rows = await database.query<{ place: string }>(
        `select concat(partition, ':', next_offset) as place from console.offsets
          where consumer_group = 'console' and topic = $1 order by partition`,
        [topic],
      )
      return rows.map(({ place }) => place)
    },
  }
}

test('a group goes on at the beginning or the end of what the topic holds, and partitions that are gone are forgotten', async (t) => {
  const { reset, positions } = await given(t)
  const dry = await reset(runs, '--group', 'console', '--to', 'end', '--dry-run')
  assert.equal(dry.exitCode, 0, dry.err)
  assert.match(dry.out, /console would go on at the end of trainyard\.runs/)
  assert.match(dry.out, /1 +700 +0 to 4 +5$/m)
  assert.deepEqual(await positions(), ['0:3', '1:700', '2:9'])

  assert.equal((await reset(runs, '--group', 'console', '--to', 'end')).exitCode, 0)
  assert.deepEqual(await positions(), ['0:5', '1:5'])
  assert.equal((await reset(runs, '--group', 'console', '--to', 'beginning')).exitCode, 0)
  assert.deepEqual(await positions(), ['0:0', '1:0'])
})

test('a database of the topics of another prefix is left alone', async (t) => {
  const { database, prefix, reset, positions } = await given(t)
  await claimCarrier(database, 'kafka', `${prefix}live.`)
  const { exitCode, err } = await reset('--lost', '--to', 'beginning')
  assert.equal(exitCode, 1)
  assert.ok(err.includes(`on topics with the KAFKA_PREFIX ${prefix}live., and now it is ${prefix}`), err)
  assert.deepEqual(await positions(), ['0:3', '1:700', '2:9'])
})

test('--lost finds every group that was to go on where its topic holds nothing, and touches no other', async (t) => {
  const { reset, positions } = await given(t)
  const { exitCode, out, err } = await reset('--lost', '--to', 'beginning')
  assert.equal(exitCode, 0, err)
  assert.match(out, /console goes on at the beginning of trainyard\.runs/)
  assert.ok(!out.includes('trainyard.requests'))
  assert.deepEqual(await positions(), ['0:0', '1:0'])
  assert.deepEqual(await positions('trainyard.requests'), ['0:0'])
  assert.match((await reset('--lost', '--to', 'beginning')).out, /Every group goes on where its topic holds something/)
})

test('a group that has never read the topic is refused, with those that have', async (t) => {
  const { reset } = await given(t)
  const { exitCode, err } = await reset(runs, '--group', 'intake', '--to', 'end')
  assert.equal(exitCode, 1)
  assert.match(err, /no group intake has ever read the topic trainyard\.runs.*console on trainyard\.runs/)
  assert.equal((await reset(runs, '--to', 'end')).exitCode, 2)
})

test('a group that is being read for is refused until nobody does', async (t) => {
  const { kafka, prefix, reset, positions } = await given(t)
  const consumer = kafka.consumer({ groupId: `${prefix}trainyard.console` })
  await consumer.connect()
  cleanup(t, () => consumer.disconnect())
  await consumer.subscribe({ topic: prefix + runs })
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.run({ eachMessage: async () => {} })
  await joined
  const refused = await reset(runs, '--group', 'console', '--to', 'end')
  assert.match(refused.err, /the group console is being read for by 1 consumer\. Stop the services first/)
  assert.deepEqual(await positions(), ['0:3', '1:700', '2:9'])
  await consumer.disconnect()
  await eventually(async () => (await reset(runs, '--group', 'console', '--to', 'end')).exitCode === 0)
})
