import { test } from 'node:test'
import { eachOnce } from '../../chain/answers.ts'
import { botUpdated, championOf, datasetOf, echoConfiguration, postDataset } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import { killPostgres, ownPostgres } from '../../harness/own-postgres.ts'
import { startYard } from '../../harness/yard.ts'
import { sharedBroker } from '../broker/shared.ts'
import { preparePlatform, structured } from '../platform.ts'

const botsBetweenOutages = 10
const outages = 2
/** A relay that was cut off in the middle of a send lets that send's time pass before it says anything more. */
const timeoutMs = 120_000

test('I1, I4, I5: PostgreSQL is killed and started again while Kafka goes on: nothing is lost or done twice', async (t) => {
  const { server, start } = await ownPostgres(t)
  const { variables, configured, produce } = await preparePlatform(t, await sharedBroker())
  const configuration = configured(echoConfiguration({ sleepMs: 100 }))
  const yard = await startYard(t, { configuration, postgres: new URL(server.url), variables })
  const { pid } = yard
  const dataset = await postDataset(yard, datasetOf('outage'))

  const bots: string[] = []
  const tell = async () => {
    const batch = Array.from({ length: botsBetweenOutages }, (_, index) => `bot-${bots.length + index}`)
    bots.push(...batch)
    await produce(batch.map((bot) => structured(bot, botUpdated(bot, dataset, 1))))
  }
  await tell()
  for (let outage = 0; outage < outages; outage++) {
    await eventually(() => championOf(yard, bots.at(-1) ?? ''), { timeoutMs, what: 'the work to go on' })
    await tell()
    killPostgres(server)
    await tell()
    await start()
  }

  await eachOnce(yard, bots, { pid, timeoutMs })
})
