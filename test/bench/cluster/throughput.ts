import { botUpdated, datasetOf, postDataset } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Row } from '../rows.ts'
import { inParallel, makeClient } from '../yard.ts'
import { followArrivals } from './arrivals.ts'
import { bareJob } from './bare.ts'
import { onGpu } from './configuration.ts'
import { type Ground, onCluster } from './ground.ts'

const jobs = 2_000
/** As many as the launcher has under way. */
const inFlight = 22
const limitMs = 300_000

/** How fast a full queue becomes Jobs, beside a loop that does nothing but create them. */
export async function benchJobsThroughput(): Promise<Row[]> {
  return await onCluster(
    async (ground) => {
      const bare = await barePerSecond(ground)
      const ours = await ourPerSecond(ground)
      return [
        { figure: 'Jobs made, a bare create loop', value: bare, unit: '/s', target: '' },
        { figure: 'Jobs made of a full queue', value: ours, unit: '/s', target: '' },
        { figure: 'Jobs made of a full queue: share of the bare loop', value: ours / bare, unit: '', target: '≥ 0.8' },
      ]
    },
    { jobsOnly: true },
  )
}

async function barePerSecond(ground: Ground): Promise<number> {
  const client = await ground.bare()
  const arrivals = await followArrivals(ground, client.namespace, ({ metadata }) => metadata.name)
  await inParallel(jobs, inFlight, (index) => client.createJob(bareJob(client, index)))
  return await rateOf(arrivals)
}

async function ourPerSecond(ground: Ground): Promise<number> {
  const yard = await ground.start(onGpu(0))
  const arrivals = await followArrivals(ground, ground.namespace, ({ metadata }) => metadata.name)
  const dataset = await postDataset(yard, datasetOf('bench'))
  const client = makeClient(yard.url)
  for (let first = 0; first < jobs; first += 100) {
    const batch = Array.from({ length: 100 }, (_, index) => botUpdated(`bot-${first + index}`, dataset, 1))
    await client.post('/events', 'application/cloudevents-batch+json', JSON.stringify(batch))
  }
  client.close()
  await eventually(
    async () => {
      const [row] = await ground.database.query<{ queued: number }>('select count(*) as queued from launcher.runs')
      return row?.queued === jobs
    },
    { timeoutMs: limitMs, what: 'the queue' },
  )
  const body = { slots: jobs, actor: 'the bench', reason: 'all at once' }
  const headers = { 'content-type': 'application/json' }
  await yard.call('/slots/intents', { method: 'PUT', headers, body: JSON.stringify(body) })
  return await rateOf(arrivals)
}

/** From the first to the last. */
async function rateOf(arrivals: ReadonlyMap<string, number>): Promise<number> {
  await eventually(() => arrivals.size === jobs, { timeoutMs: limitMs, what: 'all Jobs' })
  const times = [...arrivals.values()]
  return (jobs - 1) / ((Math.max(...times) - Math.min(...times)) / 1000)
}
