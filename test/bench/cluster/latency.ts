import { setTimeout as delay } from 'node:timers/promises'
import { botUpdated, datasetOf, postDataset } from '../../chain/bot.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { startBroker } from '../../kafka/broker/broker.ts'
import { preparePlatform } from '../../kafka/platform.ts'
import { quantile, type Row } from '../rows.ts'
import { makeClient } from '../yard.ts'
import { followArrivals } from './arrivals.ts'
import { bareJob, openBareKafkaLoop, openBareLoop } from './bare.ts'
import { onGpu } from './configuration.ts'
import { type Ground, onCluster } from './ground.ts'
import type { PooledClient } from './pooled.ts'

const events = 1_000
/** Services that have only just started are slow at first, and what they fall behind by then is seen for seconds. */
const warmUps = 500
const perSecond = 50

/** How one of the two loops is given its events, and by what its Jobs are told apart. */
interface Loop {
  readonly arrivals: ReadonlyMap<string, number>
  keyOf(index: number): string
  send(index: number): Promise<void>
}

/** From a new bot's event to its Job, beside a bare loop of the embedded bus and client-node with a pool. */
export async function benchJobsLatency(): Promise<Row[]> {
  return await onCluster(
    async (ground) => {
      return rowsOf('event → Job', await compare(await bareOnEmbedded(ground), await oursOnEmbedded(ground)))
    },
    { jobsOnly: true },
  )
}

/** The same with the events on Kafka, beside a bare loop of kafkajs and client-node with a pool. */
export async function benchKafkaJobsLatency(): Promise<Row[]> {
  return await onCluster(
    async (ground) => {
      const broker = await startBroker()
      cleanup(ground.t, () => broker.stop())
      const bare = await bareOnKafka(ground, broker.brokers)
      return rowsOf('event on Kafka → Job', await compare(bare, await oursOnKafka(ground, broker.brokers)))
    },
    { jobsOnly: true },
  )
}

interface Waits {
  readonly bare: readonly number[]
  readonly ours: readonly number[]
}

function rowsOf(way: string, { bare, ours }: Waits): Row[] {
  return [0.5, 0.99].flatMap((share) => {
    const [own, other] = [quantile(ours, share), quantile(bare, share)]
    const name = `p${share * 100}`
    return [
      { figure: `${way}, a bare loop at 50/s, ${name}`, value: other, unit: 'ms', target: '' },
      { figure: `${way} at 50/s, ${name}`, value: own, unit: 'ms', target: '' },
      { figure: `${way} at 50/s, to the bare loop, ${name}`, value: own / other, unit: '×', target: '≤ 2' },
    ]
  })
}

async function bareOnEmbedded(ground: Ground): Promise<Loop> {
  const client = await ground.bare()
  return { ...(await bareJobs(ground, client)), ...(await openBareLoop(ground, client)) }
}

async function bareOnKafka(ground: Ground, brokers: readonly string[]): Promise<Loop> {
  const client = await ground.bare()
  return { ...(await bareJobs(ground, client)), ...(await openBareKafkaLoop(ground, client, brokers)) }
}

async function bareJobs(ground: Ground, client: PooledClient): Promise<Pick<Loop, 'arrivals' | 'keyOf'>> {
  return {
    arrivals: await followArrivals(ground, client.namespace, ({ metadata }) => metadata.name),
    keyOf: (index) => bareJob(client, index).metadata?.name ?? '',
  }
}

async function oursOnEmbedded(ground: Ground): Promise<Loop> {
  const yard = await ground.start(onGpu(warmUps + events))
  const dataset = await postDataset(yard, datasetOf('bench'))
  const client = makeClient(yard.url)
  cleanup(ground.t, () => client.close())
  return {
    ...(await ourJobs(ground)),
    async send(index) {
      const event = JSON.stringify(botUpdated(`bot-${index}`, dataset, 1))
      await client.post('/events', 'application/cloudevents+json', event)
    },
  }
}

async function oursOnKafka(ground: Ground, brokers: readonly string[]): Promise<Loop> {
  const platform = await preparePlatform(ground.t, brokers, { alone: true })
  const yard = await ground.start(platform.configured(onGpu(warmUps + events)), { variables: platform.variables })
  const dataset = await postDataset(yard, datasetOf('bench'))
  return {
    ...(await ourJobs(ground)),
    send: (index) =>
      platform.produce([{ key: `bot-${index}`, value: JSON.stringify(botUpdated(`bot-${index}`, dataset, 1)) }]),
  }
}

async function ourJobs(ground: Ground): Promise<Pick<Loop, 'arrivals' | 'keyOf'>> {
  return {
    arrivals: await followArrivals(
      ground,
      ground.namespace,
      ({ metadata }) => metadata.annotations?.['trainyard.dev/bot'] ?? '',
    ),
    keyOf: (index) => `bot-${index}`,
  }
}

/** Half of the bare loop before the other and half after it: as many Jobs are there then, and the machine is as fast. */
async function compare(bare: Loop, ours: Loop): Promise<Waits> {
  const half = events / 2
  await waitsOf(bare, 0, warmUps)
  const before = await waitsOf(bare, warmUps, half)
  await waitsOf(ours, 0, warmUps)
  const own = await waitsOf(ours, warmUps, events)
  return { bare: [...before, ...(await waitsOf(bare, warmUps + half, half))], ours: own }
}

/** Sends so many at the steady pace; how long each took until its Job was seen, in milliseconds. */
async function waitsOf({ arrivals, keyOf, send }: Loop, first: number, count: number): Promise<number[]> {
  const sentAt: number[] = []
  const sent: Promise<void>[] = []
  const begun = performance.now()
  for (let place = 0; place < count; place += 1) {
    await delay(Math.max(0, begun + (place * 1000) / perSecond - performance.now()))
    sentAt.push(performance.now())
    sent.push(send(first + place))
  }
  await Promise.all(sent)
  await eventually(() => arrivals.size === first + count, { timeoutMs: 60_000, what: 'a Job for every event' })
  return sentAt.map((atMs, place) => (arrivals.get(keyOf(first + place)) ?? Number.NaN) - atMs)
}
