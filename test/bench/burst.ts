import { botUpdated, datasetOf, echoConfiguration, postDataset, sumsOf } from '../chain/bot.ts'
import { eventually } from '../harness/eventually.ts'
import type { Row } from './rows.ts'
import { makeClient, withYard } from './yard.ts'

const bots = 1_000
const edits = 10
const limitMs = 900_000
const configuration = echoConfiguration().replace(
  'slots: 4',
  'slots: 6\n    debounce: { quietSeconds: 5, maxWaitSeconds: 60 }',
)

/** 10,000 edits of 1,000 bots at once: exactly one run a bot, and every signal accounted for. */
export async function benchBurst(): Promise<Row[]> {
  return await withYard(configuration, async (yard) => {
    const client = makeClient(yard.url)
    const datasets = await Promise.all(
      Array.from({ length: edits }, (_, edit) => postDataset(yard, datasetOf(`edit-${edit}`, 2, 10))),
    )
    const begun = performance.now()
    for (const [edit, dataset] of datasets.entries()) {
      for (let first = 0; first < bots; first += 100) {
        const events = Array.from({ length: 100 }, (_, index) => botUpdated(`bot-${first + index}`, dataset, edit + 1))
        await client.post('/events', 'application/cloudevents-batch+json', JSON.stringify(events))
      }
    }
    client.close()
    const sums = await eventually(
      async () => {
        const now = await sumsOf(yard)
        return now.waiting === 0 && now
      },
      { timeoutMs: limitMs, what: 'the end of every signal' },
    )
    const champions = async () => (await yard.get<{ champions: unknown[] }>('/champions?limit=10000')).champions.length
    await eventually(async () => (await champions()) === bots, { timeoutMs: limitMs, what: 'a champion for every bot' })
    const seconds = (performance.now() - begun) / 1000
    const metrics = await (await yard.call('/metrics')).text()
    const runs = Number(/^trainyard_events_total\{[^}]*run\.succeeded[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? Number.NaN)
    if (!sums.balanced || sums.received !== bots * edits) throw new Error(`the ledger says ${JSON.stringify(sums)}`)
    return [
      { figure: '10,000 signals over 1,000 bots: runs', value: runs, unit: '', target: '= 1,000' },
      {
        figure: '10,000 signals over 1,000 bots: signals with an end',
        value: sums.received - sums.waiting,
        unit: '',
        target: '= 10,000',
      },
      {
        figure: '10,000 signals over 1,000 bots: until every bot has its model',
        value: seconds,
        unit: 's',
        target: '',
      },
    ]
  })
}
