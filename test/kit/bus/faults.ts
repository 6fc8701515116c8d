import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { toHeaders } from '../../../schemas/cloudevents-kafka.ts'
import { committedCodec } from '../../../schemas/codec.ts'
import { BotId, JobTypeName, RunId } from '../../../schemas/words.ts'
import type { Bus, OutgoingMessage } from '../../../services/kit/bus/bus.ts'
import { makeSubscription } from '../../../services/kit/bus/consumer.ts'
import { handlingOf } from '../../../services/kit/bus/handling.ts'
import type { Database } from '../../../services/kit/store/database.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Subject } from './conformance.ts'
import { consumersFor } from './consumers.ts'
import { message } from './group.ts'

const patient = { timeoutMs: 120_000 }

/** What consumers above the bus promise, whatever comes over it and whatever carries it. */
export function busFaults(setup: (t: TestContext) => Promise<Subject>): void {
  test('of 1,000 malformed messages among 10,000 good ones each good one takes effect once, and each bad one is a dead letter as it came', async (t) => {
    const { open, topic } = await setup(t)
    const [bus, things] = [open(), await topic()]
    const { options, database } = await consumersFor(t, () => {})
    const handling = handlingOf(runRecorder(options.group), { ...options, codec: committedCodec })
    await bus.subscribe(makeSubscription({ ...options, topics: [things], handling }))

    const messages = Array.from({ length: 11_000 }, (_, index) =>
      index % 11 === 5 ? malformed(things, index) : queued(things, index),
    )
    await publishAll(bus, messages)
    await handled(database, messages.length)
    const bad = messages.filter(({ headers }) => headers['ce_id'] === undefined)
    const [good] = await database.query('select count(*) as all, count(distinct text) as different from yard.effects')
    assert.deepEqual(good, { all: 10_000, different: 10_000 })
    const letters = await database.query<{ value: Buffer }>('select value from yard.outbox')
    assert.deepEqual(sorted(letters), sorted(bad))
    assert.equal(letters.length, 1_000)
  })

  test('messages that always fail hold up their own key alone: all others take effect once and in order, and those are dead letters', async (t) => {
    const { open, topic } = await setup(t)
    const [bus, things] = [open(), await topic()]
    const poison = new Set(['key-7:3', 'key-7:4', 'key-9:0', 'key-12:19'])
    const yard = await consumersFor(t, (text) => {
      if (poison.has(text)) throw new Error(`cannot digest ${text}`)
    })
    await bus.subscribe(makeSubscription({ ...yard.options, topics: [things] }))
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`)
    const rounds = Array.from({ length: 20 }, (_, round) => keys.map((key) => `${key}:${round}`))
    for (const round of rounds) await bus.publish(round.map((text) => message(things, text.split(':')[0] ?? '', text)))
    await handled(yard.database, 400)

    const healthy = (texts: readonly string[]) => texts.filter((text) => !/^key-(7|9|12):/.test(text))
    assert.deepEqual(new Set(healthy(await yard.effects())), new Set(healthy(rounds.flat())), 'the other keys went on')
    assert.deepEqual(await yard.letters(), [])
    await eventually(async () => {
      await yard.tryParked()
      return (await yard.parked()).length === 0
    }, patient)
    const effects = await yard.effects()
    for (const key of keys)
      assert.deepEqual(
        effects.filter((text) => text.startsWith(`${key}:`)),
        rounds.map((_, round) => `${key}:${round}`).filter((text) => !poison.has(text)),
      )
    assert.deepEqual(new Set((await yard.letters()).map(({ value }) => String(value))), poison)
    assert.equal((await yard.letters()).length, poison.size)
  })

  test('a duplicate of every message changes nothing', async (t) => {
    const { open, topic } = await setup(t)
    const [bus, things] = [open(), await topic()]
    const { options, database, effects } = await consumersFor(t, () => {})
    await database.execute('create unique index on yard.effects (text)')
    const handling = handlingOf(runRecorder(options.group), { ...options, codec: committedCodec })
    await bus.subscribe(makeSubscription({ ...options, topics: [things], handling }))
    const messages = Array.from({ length: 1_000 }, (_, index) => queued(things, index))
    await publishAll(bus, [...messages.flatMap((each) => [each, each]), ...messages])
    await handled(database, 3_000)
    assert.equal((await effects()).length, 1_000)
    assert.deepEqual(await database.query('select from yard.parked union all select from yard.outbox'), [])
  })
}

/** Records each run once, by its natural key where there is an index on it. */
function runRecorder(group: string): Parameters<typeof handlingOf>[0] {
  return {
    kind: 'events',
    group,
    topics: [],
    async handle(transaction, events) {
      await transaction.execute('insert into yard.effects (text) select unnest($1::text[]) on conflict do nothing', [
        events.flatMap((event) => (event.name === 'run.queued' ? [event.data.run] : [])),
      ])
    },
  }
}

const letter = (digit: string) => String.fromCharCode(97 + Number(digit))

function queued(topic: string, index: number): OutgoingMessage {
  const bot = `bot-${index % 1_000}`
  const run = RunId.parse(`run-${Array.from(String(index).padStart(10, '0'), letter).join('')}`)
  const jobType = JobTypeName.parse('intents')
  const data = { run, bot: BotId.parse(bot), jobType, generation: 1, priority: 0, queuedAt: 0 }
  const headers = toHeaders({
    id: `event-${index}`,
    source: '/trainyard/launcher',
    type: 'dev.trainyard.run.queued.v1',
    subject: bot,
    time: new Date(0),
    causationId: 'cause',
    correlationId: run,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  })
  return { topic, key: Buffer.from(bot), headers, value: committedCodec.encode('run.queued', data) }
}

const malformed = (topic: string, index: number) => message(topic, `bot-${index % 1_000}`, `{ "no event": ${index}`)

async function publishAll(bus: Bus, messages: readonly OutgoingMessage[]): Promise<void> {
  for (let at = 0; at < messages.length; at += 500) await bus.publish(messages.slice(at, at + 500))
}

/** Until the group has passed so many messages, over all partitions. */
async function handled(database: Database, count: number): Promise<void> {
  await eventually(
    async () => {
      const [row] = await database.query<{ passed: number }>('select sum(next_offset) as passed from yard.offsets')
      return (row?.passed ?? 0) >= count
    },
    { ...patient, what: `the handling of ${count} messages` },
  )
}

const sorted = (messages: readonly { readonly value: Buffer | null }[]) =>
  messages.map(({ value }) => String(value)).toSorted()
