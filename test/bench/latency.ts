import { setTimeout as delay } from 'node:timers/promises'
import { botUpdated, championOf, datasetOf, echoConfiguration, postDataset } from '../chain/bot.ts'
import { eventually } from '../harness/eventually.ts'
import type { Yard } from '../harness/yard.ts'
import { quantile, type Row } from './rows.ts'
import { makeClient, withYard } from './yard.ts'

const signals = 100
const perSecond = 5

interface Attempt {
  kind: string
  placedAt: string
  claimedAt: string
  trainSeconds: number | null
  predictSeconds: number | null
}

interface Timing {
  startedMs: number
  claimedMs: number
  overheadMs: number
}

/** One new bot after another at a steady pace: how long from its edit to its training, and to its model in force. */
export async function benchLatency(): Promise<Row[]> {
  return await withYard(echoConfiguration(), async (yard) => {
    const client = makeClient(yard.url)
    const dataset = await postDataset(yard, datasetOf('bench'))
    const timings: Timing[] = []
    for (let index = -5; index < signals; index += 1) {
      const begun = performance.now()
      const bot = `bot-${index}`
      const postedAt = Date.now()
      await client.post('/events', 'application/cloudevents+json', JSON.stringify(botUpdated(bot, dataset, 1)))
      const timing = await timingOf(yard, bot, postedAt)
      if (index >= 0) timings.push(timing)
      await delay(Math.max(0, 1000 / perSecond - (performance.now() - begun)))
    }
    client.close()
    const of = (pick: (timing: Timing) => number, share: number) => quantile(timings.map(pick), share)
    return [
      {
        figure: 'signal → runner of the training started, p50',
        value: of(({ startedMs }) => startedMs, 0.5),
        unit: 'ms',
        target: '≤ 40',
      },
      {
        figure: 'signal → runner of the training started, p99',
        value: of(({ startedMs }) => startedMs, 0.99),
        unit: 'ms',
        target: '≤ 150',
      },
      {
        figure: "the runner's own start-up, to its claim, p50",
        value: of(({ startedMs, claimedMs }) => claimedMs - startedMs, 0.5),
        unit: 'ms',
        target: '',
      },
      {
        figure: "event → model.ready less the programs' own time, p50",
        value: of(({ overheadMs }) => overheadMs, 0.5),
        unit: 'ms',
        target: '≤ 300',
      },
    ]
  })
}

async function timingOf(yard: Yard, bot: string, postedAt: number): Promise<Timing> {
  const champion = await eventually(() => championOf(yard, bot))
  const attempts = await yard.get<Attempt[]>(`/runs/${champion.run}/attempts`)
  const attempt = attempts.find(({ kind }) => kind === 'train')
  if (!attempt) throw new Error(`${champion.run} has no attempt that trains`)
  const ready = await eventually(async () => {
    const { story } = await yard.get<{ story: { type: string; time: string }[] }>(`/runs/${champion.run}`)
    return story.find(({ type }) => type === 'model.ready')
  })
  const programsMs = ((attempt.trainSeconds ?? 0) + (attempt.predictSeconds ?? 0)) * 1000
  return {
    startedMs: Date.parse(attempt.placedAt) - postedAt,
    claimedMs: Date.parse(attempt.claimedAt) - postedAt,
    overheadMs: Date.parse(ready.time) - postedAt - programsMs,
  }
}
