import { randomUUID } from 'node:crypto'
import type { Message } from 'kafkajs'
import { botUpdated, datasetOf, echoConfiguration, postDataset } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Yard } from '../../harness/yard.ts'
import { plainKafka } from '../../kafka/broker/topics.ts'
import type { Row } from '../rows.ts'
import { type Ground, onGround } from './yard.ts'

// Debounced for hours, so that only the way in is measured.
const configuration = echoConfiguration().replace(
  'slots: 4',
  'slots: 4\n    debounce: { quietSeconds: 36000, maxWaitSeconds: 72000 }',
)
const bots = 1_000
const warmUpEvents = 2_000
const events = 20_000
const recordedEvents = 1_000_000
const eventsAtOnce = 10_000
const limitMs = 900_000

/** A platform's events from Kafka into the ledger, with every guarantee on, beside a bare loop that keeps none. */
export async function benchConsume(): Promise<Row[]> {
  return await onGround(async (ground) => {
    const { yard, make } = await reader(ground)
    const perSecond = await recorded(ground, make, events)
    await yard.kill('SIGKILL')
    const barePerSecond = await bareLoop(ground, make, events)
    return [
      { figure: 'consume and record, from Kafka into the ledger', value: perSecond, unit: '/s', target: '≥ 2,000' },
      { figure: 'a bare kafkajs loop into PostgreSQL, the same events', value: barePerSecond, unit: '/s', target: '' },
      {
        figure: 'consume and record: share of the bare loop',
        value: perSecond / barePerSecond,
        unit: '',
        target: '≥ 0.25',
      },
    ]
  })
}

/** What an event costs when ten thousand are on record, and when a million are. */
export async function benchGrowth(): Promise<Row[]> {
  return await onGround(async (ground) => {
    const { make } = await reader(ground)
    const early = await recorded(ground, make, events)
    for (let sent = warmUpEvents + events; sent < recordedEvents; sent += eventsAtOnce * 5)
      await recorded(ground, make, eventsAtOnce * 5)
    const late = await recorded(ground, make, events)
    return [
      { figure: 'consume and record with 10,000 events on record', value: early, unit: '/s', target: '' },
      { figure: 'consume and record with 1,000,000 events on record', value: late, unit: '/s', target: '' },
      {
        figure: 'cost of an event, with 1,000,000 to with 10,000',
        value: early / late,
        unit: '',
        target: 'flat: about 1',
      },
    ]
  })
}

type Make = (count: number) => Message[]

async function reader(ground: Ground): Promise<{ yard: Yard; make: Make }> {
  const yard = await ground.start(ground.configured(configuration))
  const dataset = await postDataset(yard, datasetOf('bench'))
  let serial = 0
  const make: Make = (count) =>
    Array.from({ length: count }, () => {
      serial += 1
      const bot = `bot-${serial % bots}`
      return { key: bot, value: JSON.stringify(botUpdated(bot, dataset, serial)) }
    })
  await recorded(ground, make, warmUpEvents)
  return { yard, make }
}

/** Sends so many events and resolves to how many of them were recorded per second, sending included. */
async function recorded(ground: Ground, make: Make, count: number): Promise<number> {
  const before = await receivedBy(ground)
  const batches: Message[][] = []
  for (let at = 0; at < count; at += eventsAtOnce) batches.push(make(Math.min(eventsAtOnce, count - at)))
  const begun = performance.now()
  for (const batch of batches) await ground.produce(batch)
  await eventually(async () => (await receivedBy(ground)) === before + count, {
    timeoutMs: limitMs,
    what: `${count} more events in the ledger`,
  })
  return count / ((performance.now() - begun) / 1000)
}

/** Asked of the table, since the ledger's own sum counts what waits, too, and would be a part of what is measured. */
async function receivedBy({ query }: Ground): Promise<number> {
  const [row] = await query("select coalesce(sum(count), 0)::int as count from intake.tally where what = 'received'")
  return Number(row?.['count'])
}

/** What anybody would write first: one insert a batch, and Kafka's own offsets. */
async function bareLoop(ground: Ground, make: Make, count: number): Promise<number> {
  await ground.query('create table bare_events (id bigint generated always as identity, key text, value jsonb)')
  const consumer = plainKafka(ground.brokers).consumer({ groupId: `bare-${randomUUID()}`, maxWaitTimeInMs: 500 })
  await consumer.connect()
  await consumer.subscribe({ topic: ground.topic, fromBeginning: true })
  let done = 0
  await consumer.run({
    partitionsConsumedConcurrently: 3,
    eachBatch: async ({ batch: { messages } }) => {
      await ground.query('insert into bare_events (key, value) select * from unnest($1::text[], $2::jsonb[])', [
        messages.map(({ key }) => String(key)),
        messages.map(({ value }) => String(value)),
      ])
      done += messages.length
    },
  })
  // What is there already warms it up.
  const before = warmUpEvents + events
  await eventually(() => done === before)
  const batches = Array.from({ length: count / eventsAtOnce }, () => make(eventsAtOnce))
  const begun = performance.now()
  for (const batch of batches) await ground.produce(batch)
  await eventually(() => done === before + count, { timeoutMs: limitMs })
  const perSecond = count / ((performance.now() - begun) / 1000)
  await consumer.disconnect()
  return perSecond
}
