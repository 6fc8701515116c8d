import { setTimeout as delay } from 'node:timers/promises'
import { botUpdated, datasetOf, postDataset } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import { quantile, type Row } from '../rows.ts'
import { makeClient } from '../yard.ts'
import { followArrivals } from './arrivals.ts'
import { bareJob, openBareLoop } from './bare.ts'
import { onGpu } from './configuration.ts'
import { type Ground, onCluster } from './ground.ts'

const events = 1_000
const warmUps = 50
const perSecond = 50

/** From a new bot's event to its Job, beside a bare loop of the embedded bus and the same client. */
export async function benchJobsLatency(): Promise<Row[]> {
  return await onCluster(
    async (ground) => {
      const bare = await bareWaits(ground)
      const ours = await ourWaits(ground)
      return [0.5, 0.99].flatMap((share) => {
        const [own, other] = [quantile(ours, share), quantile(bare, share)]
        const name = `p${share * 100}`
        return [
          { figure: `event → Job, a bare loop at 50/s, ${name}`, value: other, unit: 'ms', target: '' },
          { figure: `event → Job at 50/s, ${name}`, value: own, unit: 'ms', target: '' },
          { figure: `event → Job at 50/s, to the bare loop, ${name}`, value: own / other, unit: '×', target: '≤ 2' },
        ]
      })
    },
    { jobsOnly: true },
  )
}

async function bareWaits(ground: Ground): Promise<number[]> {
  const cluster = await ground.bare()
  const arrivals = followArrivals(ground, cluster.namespace, ({ metadata }) => metadata.name)
  const { send } = await openBareLoop(ground, cluster)
  return await waitsOf(arrivals, (index) => bareJob(cluster, index).metadata?.name ?? '', send)
}

async function ourWaits(ground: Ground): Promise<number[]> {
  const yard = await ground.start(onGpu(2 * events))
  const arrivals = followArrivals(
    ground,
    ground.namespace,
    ({ metadata }) => metadata.annotations?.['trainyard.dev/bot'] ?? '',
  )
  const dataset = await postDataset(yard, datasetOf('bench'))
  const client = makeClient(yard.url)
  const post = async (index: number) => {
    const event = JSON.stringify(botUpdated(`bot-${index}`, dataset, 1))
    await client.post('/events', 'application/cloudevents+json', event)
  }
  const waits = await waitsOf(arrivals, (index) => `bot-${index}`, post)
  client.close()
  return waits
}

/** Sends at the steady pace; how long each took until its Job was seen, in milliseconds. */
async function waitsOf(
  arrivals: ReadonlyMap<string, number>,
  keyOf: (index: number) => string,
  send: (index: number) => Promise<void>,
): Promise<number[]> {
  const sentAt: number[] = []
  const sent: Promise<void>[] = []
  const begun = performance.now()
  for (let index = 0; index < warmUps + events; index += 1) {
    await delay(Math.max(0, begun + (index * 1000) / perSecond - performance.now()))
    sentAt.push(performance.now())
    sent.push(send(index))
  }
  await Promise.all(sent)
  await eventually(() => arrivals.size === sent.length, { timeoutMs: 60_000, what: 'a Job for every event' })
  return sentAt.map((atMs, index) => (arrivals.get(keyOf(index)) ?? Number.NaN) - atMs).slice(warmUps)
}
