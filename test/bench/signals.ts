import { botUpdated, datasetOf, echoConfiguration, postDataset, sumsOf } from '../chain/bot.ts'
import type { Row } from './rows.ts'
import { inParallel, makeClient, withYard } from './yard.ts'

// Debounced for an hour, so that only the way in is measured.
const configuration = echoConfiguration().replace(
  'slots: 4',
  'slots: 4\n    debounce: { quietSeconds: 3600, maxWaitSeconds: 7200 }',
)
const bots = 1_000
const batchSize = 100
const batches = 400
const singles = 20_000
const warmUpBatches = 40

/** Durable signals in by HTTP: answered when the transaction that holds them is committed. */
export async function benchSignals(): Promise<Row[]> {
  return await withYard(configuration, async (yard) => {
    const client = makeClient(yard.url)
    const dataset = await postDataset(yard, datasetOf('bench'))
    let serial = 0
    const event = () => {
      serial += 1
      return botUpdated(`bot-${serial % bots}`, dataset, serial)
    }
    const batch = () =>
      client.post(
        '/events',
        'application/cloudevents-batch+json',
        JSON.stringify(Array.from({ length: batchSize }, event)),
      )
    const single = () => client.post('/events', 'application/cloudevents+json', JSON.stringify(event()))

    await inParallel(warmUpBatches, 4, batch)
    const batchStart = performance.now()
    await inParallel(batches, 4, batch)
    const batchSeconds = (performance.now() - batchStart) / 1000

    const singleStart = performance.now()
    await inParallel(singles, 64, single)
    const singleSeconds = (performance.now() - singleStart) / 1000
    client.close()

    const sums = await sumsOf(yard)
    if (!sums.balanced || sums.received !== serial)
      throw new Error(`${serial} signals were answered, and the ledger says ${JSON.stringify(sums)}`)
    return [
      {
        figure: 'durable signals in, batches of 100, 4 in flight',
        value: (batches * batchSize) / batchSeconds,
        unit: '/s',
        target: '≥ 10,000',
      },
      {
        figure: 'durable signals in, single posts, 64 in flight',
        value: singles / singleSeconds,
        unit: '/s',
        target: '≥ 2,000',
      },
    ]
  })
}
