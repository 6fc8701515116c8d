import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { botUpdated, championOf, datasetOf, echoConfiguration, postDataset } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Yard } from '../../harness/yard.ts'
import { plainKafka } from '../../kafka/broker/topics.ts'
import { quantile, type Row } from '../rows.ts'
import { type Ground, onGround } from './yard.ts'

const events = 2_000
const perSecond = 50
/**
 * One event in so many is a new bot's. An attempt is three processes of Node: at five a second they fill two cores, and what is
 * measured is how long they wait for each other.
 */
const oneInSoMany = 50
const knownBots = 10

/** From a platform's event on Kafka to the start of its training, beside a bare hop from one client to another. */
export async function benchKafkaLatency(): Promise<Row[]> {
  return await onGround(async (ground) => {
    const hops = await hopsOf(ground)
    const yard = await ground.start(ground.configured(echoConfiguration().replace('slots: 4', 'slots: 1000')))
    const dataset = await postDataset(yard, datasetOf('bench'))
    const edit = (bot: string, revision: number) => ({
      key: bot,
      value: JSON.stringify(botUpdated(bot, dataset, revision)),
    })
    for (let index = 0; index < knownBots; index += 1) {
      await ground.produce([edit(`known-${index}`, 1)])
      await eventually(() => championOf(yard, `known-${index}`))
    }
    const sentAt = new Map<string, number>()
    await steadily(async (index) => {
      if (index % oneInSoMany > 0) return ground.produce([edit(`known-${index % knownBots}`, index + 1)])
      const bot = `bot-${index}`
      sentAt.set(bot, Date.now())
      await ground.produce([edit(bot, 1)])
    })
    const waits: number[] = []
    for (const [bot, sentMs] of sentAt) waits.push((await startedAt(yard, bot)) - sentMs)
    const hop = quantile(hops, 0.5)
    return [
      { figure: 'a bare kafkajs hop at 50/s, p50', value: hop, unit: 'ms', target: '' },
      { figure: 'a bare kafkajs hop at 50/s, p99', value: quantile(hops, 0.99), unit: 'ms', target: '' },
      {
        figure: 'event on Kafka → runner of the training started, 50/s, p50',
        value: quantile(waits, 0.5),
        unit: 'ms',
        target: `≤ ${(3 * hop + 20).toFixed(1)}`,
      },
      {
        figure: 'event on Kafka → runner of the training started, 50/s, p99',
        value: quantile(waits, 0.99),
        unit: 'ms',
        target: '',
      },
    ]
  })
}

/** Milliseconds from before each send to its arrival at a consumer. */
async function hopsOf(ground: Ground): Promise<number[]> {
  const consumer = plainKafka(ground.brokers).consumer({ groupId: `hop-${randomUUID()}`, maxWaitTimeInMs: 500 })
  await consumer.connect()
  await consumer.subscribe({ topic: ground.topic, fromBeginning: true })
  const joined = Promise.withResolvers<void>()
  consumer.on('consumer.group_join', () => joined.resolve())
  const hops: number[] = []
  await consumer.run({
    eachMessage: async ({ message }) => {
      hops.push(performance.now() - Number(message.key))
    },
  })
  await joined.promise
  await steadily((index) => ground.produce([{ key: String(performance.now()), value: JSON.stringify({ hop: index }) }]))
  await eventually(() => hops.length === events)
  await consumer.disconnect()
  return hops
}

async function steadily(send: (index: number) => Promise<void>): Promise<void> {
  const begun = performance.now()
  const sent: Promise<void>[] = []
  for (let index = 0; index < events; index += 1) {
    await delay(Math.max(0, begun + (index * 1000) / perSecond - performance.now()))
    sent.push(send(index))
  }
  await Promise.all(sent)
}

async function startedAt(yard: Yard, bot: string): Promise<number> {
  const champion = await eventually(() => championOf(yard, bot), { timeoutMs: 120_000 })
  const attempts = await yard.get<{ kind: string; placedAt: string }[]>(`/runs/${champion.run}/attempts`)
  const attempt = attempts.find(({ kind }) => kind === 'train')
  if (!attempt) throw new Error(`${champion.run} has no attempt that trains`)
  return Date.parse(attempt.placedAt)
}
