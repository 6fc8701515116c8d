import { join } from 'node:path'
import { systemRandom } from '../../services/kit/random.ts'
import { openDatabase } from '../../services/kit/store/database.ts'
import { startEmbeddedPostgres } from '../../services/kit/store/embedded.ts'
import { fillHistory } from '../console/fill.ts'
import type { Yard } from '../harness/yard.ts'
import { quantile, type Row } from './rows.ts'
import { withYard } from './yard.ts'

const configuration = 'jobTypes: { intents: { program: { command: [node, services/trainer/main.ts, echo] } } }'
const filling = { runs: 100_000, bots: 1_000 }
const asked = 40

/** Every list call of the console over a long history, with the page in the middle of it where there are pages. */
export async function benchLists(): Promise<Row[]> {
  return await withYard(configuration, async (yard) => {
    await fill(yard)
    const { runs } = await yard.get<{ runs: { run: string }[] }>('/runs?limit=200&state=failed')
    const middle = runs.at(-1)?.run ?? ''
    const lists: Readonly<Record<string, string>> = {
      'all runs': '/runs',
      'all runs, a later page': `/runs?before=${middle}`,
      'runs of a bot': '/runs?bot=bot-7',
      'runs of a bot in a state': '/runs?bot=bot-7&state=succeeded',
      'runs of a job type': `/runs?jobType=nightly&before=${middle}`,
      'runs of a job type in a state': `/runs?jobType=intents&state=failed&before=${middle}`,
      'runs of a job type of a bot': '/runs?bot=bot-7&jobType=intents',
      'runs in a state': `/runs?state=superseded&before=${middle}`,
      'runs in a state that none is in': '/runs?state=running',
      'runs whose model is held': '/runs?held=true',
      'a run with its story': `/runs/${middle}`,
      'a bot': '/bots/bot-7',
      champions: '/champions',
      'champions, a later page': '/champions?after=bot-500/intents',
      'dead letters': '/dead-letters',
    }
    const rows: Row[] = []
    for (const [name, path] of Object.entries(lists)) {
      const times = await timesOf(yard, path)
      const figure = `${filling.runs.toLocaleString('en')} finished runs, ${name}`
      rows.push({ figure: `${figure}: p50`, value: quantile(times, 0.5), unit: 'ms', target: '≤ 50' })
      rows.push({ figure: `${figure}: slowest of ${asked}`, value: Math.max(...times), unit: 'ms', target: '≤ 50' })
    }
    return rows
  })
}

/** Into the running server's own database, which is found as a second start would find it. */
async function fill(yard: Yard): Promise<void> {
  const { url } = await startEmbeddedPostgres({ directory: join(yard.directory, 'data', 'postgres'), durable: true })
  const database = openDatabase({ url, maximumConnections: 2, random: systemRandom })
  await fillHistory(database, filling)
  await database.close()
}

async function timesOf(yard: Yard, path: string): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < asked; index += 1) {
    const begun = performance.now()
    await yard.get(path)
    times.push(performance.now() - begun)
  }
  return times
}
