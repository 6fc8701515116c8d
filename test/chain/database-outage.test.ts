import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { startEmbeddedPostgres } from '../../services/kit/store/embedded.ts'
import { killPostgres, ownPostgres } from '../harness/own-postgres.ts'
import { startYard, type Yard } from '../harness/yard.ts'
import { eachOnce } from './answers.ts'
import { botUpdated, datasetOf, echoConfiguration, persistently, postDataset, publish } from './bot.ts'

const botsBetweenOutages = 4
const configuration = echoConfiguration({ sleepMs: 100 })

/** Tells of one bot after another, with the outages amid them, and sees each of them through to its champion. */
async function drive(yard: Yard, ...outages: (() => Promise<void>)[]): Promise<void> {
  const { pid } = yard
  const dataset = await postDataset(yard, datasetOf('outage'))
  const bots = Array.from({ length: botsBetweenOutages * (outages.length + 1) }, (_, index) => `bot-${index}`)
  let outage: Promise<void> = Promise.resolve()
  for (const [index, bot] of bots.entries()) {
    if (index > 0 && index % botsBetweenOutages === 0) {
      await outage
      outage = outages.shift()?.() ?? outage
    }
    await publish(yard, botUpdated(bot, dataset, 1))
  }
  await outage
  await persistently(async () => assert.equal((await yard.call('/health/ready')).status, 200))
  await eachOnce(yard, bots, { pid, timeoutMs: 60_000 })
}

describe('I1, I4, I5: PostgreSQL goes away under running services and comes back: nothing is lost or done twice', () => {
  test('killed, and stopped in order', async (t) => {
    const { server, start } = await ownPostgres(t)
    const yard = await startYard(t, { configuration, postgres: new URL(server.url) })
    const killed = async () => {
      killPostgres(server)
      await start()
    }
    const stopped = async () => {
      await (await start()).stop()
      await start()
    }
    await drive(yard, killed, stopped)
  })

  test('killed where it is the embedded one: whoever uses it starts it again', async (t) => {
    const yard = await startYard(t, { configuration })
    const directory = join(yard.directory, 'data', 'postgres')
    await drive(yard, async () => killPostgres(await startEmbeddedPostgres({ directory, durable: true })))
  })
})
