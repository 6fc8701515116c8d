import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../services/kit/store/embedded.ts'
import { cleanup } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard, type Yard } from '../harness/yard.ts'
import { settledSums } from './answers.ts'
import { botUpdated, championOf, datasetOf, echoConfiguration, persistently, postDataset, publish } from './bot.ts'

const bots = Array.from({ length: 24 }, (_, index) => `bot-${index}`)
const hyperparameters = { sleepMs: 100 }

/** How many bots have been told of when PostgreSQL goes; the others are told of while it is away, and afterwards. */
const goesAfter = 8

async function ownPostgres(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'outage-'))
  const server = await startEmbeddedPostgres({ directory, durable: true })
  const port = Number(new URL(server.url).port)
  cleanup(t, async () => {
    await (await startEmbeddedPostgres({ directory, durable: true })).stop()
    await rm(server.home, { recursive: true, force: true })
    await rm(directory, { recursive: true, force: true })
  })
  return { server, start: () => startEmbeddedPostgres({ directory, durable: true, port }) }
}

function killHard({ home }: EmbeddedPostgres): void {
  const [pid] = readFileSync(join(home, 'cluster', 'postmaster.pid'), 'utf8').split('\n')
  process.kill(Number(pid), 'SIGKILL')
}

/** Publishes the bots' edits one after another, with the outage amid them, and waits for the champion of each. */
async function drive(yard: Yard, outage: () => Promise<void>): Promise<void> {
  const { pid } = yard
  const dataset = await postDataset(yard, datasetOf('outage'))
  let away: Promise<void> = Promise.resolve()
  for (const [index, bot] of bots.entries()) {
    if (index === goesAfter) away = outage()
    await publish(yard, botUpdated(bot, dataset, 1))
  }
  await away
  await persistently(async () => assert.equal((await yard.call('/health/ready')).status, 200))
  for (const bot of bots) {
    const champion = await eventually(() => championOf(yard, bot), { timeoutMs: 60_000, what: `a champion of ${bot}` })
    assert.equal(champion.sequence, 1)
  }
  const sums = await settledSums(yard)
  assert.deepEqual({ ...sums }, { ...sums, received: bots.length, launched: bots.length })
  const { runs } = await yard.get<{ runs: unknown[] }>('/runs?limit=200')
  assert.equal(runs.length, bots.length)
  assert.equal(yard.pid, pid)
  assert.equal(await Promise.race([yard.ended, Promise.resolve('still there')]), 'still there')
}

describe('I1, I4, I5: PostgreSQL goes away under running services and comes back: nothing is lost or done twice', () => {
  test('killed', async (t) => {
    const { server, start } = await ownPostgres(t)
    const postgres = new URL(server.url)
    const yard = await startYard(t, { configuration: echoConfiguration(hyperparameters), postgres })
    await drive(yard, async () => {
      killHard(server)
      await start()
    })
  })

  test('stopped and started in order', async (t) => {
    const { server, start } = await ownPostgres(t)
    const postgres = new URL(server.url)
    const yard = await startYard(t, { configuration: echoConfiguration(hyperparameters), postgres })
    await drive(yard, async () => {
      await server.stop()
      await start()
    })
  })

  test('killed where it is the embedded one: it is started again by whoever uses it', async (t) => {
    const yard = await startYard(t, { configuration: echoConfiguration(hyperparameters) })
    const home = join(yard.directory, 'data', 'postgres')
    await drive(yard, async () => killHard(await startEmbeddedPostgres({ directory: home, durable: true })))
  })
})
