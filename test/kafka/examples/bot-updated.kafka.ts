import assert from 'node:assert/strict'
import { test } from 'node:test'
import { datasetOf, echoConfiguration, postDataset } from '../../chain/bot.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { startYard } from '../../harness/yard.ts'
import { startBroker } from '../broker/broker.ts'
import { preparePlatform } from '../platform.ts'
import { javaExample, pythonExample, startProgram } from './programs.ts'

test('programs in Java and Python say that a bot has changed, and both hear of every new champion', async (t) => {
  const broker = await startBroker()
  cleanup(t, () => broker.stop())
  const { variables, configured } = await preparePlatform(t, broker.brokers, { alone: true, partitions: 1 })
  const yard = await startYard(t, { configuration: configured(echoConfiguration()), postgres: 'shared', variables })
  const dataset = await postDataset(yard, datasetOf('shop'))
  const environment = { ...variables, SCHEMA_REGISTRY_URL: yard.url }

  const consumers = [await javaExample('Champions'), await pythonExample('champions')].map((program) =>
    startProgram(t, program, { environment }),
  )
  const producers = { java: await javaExample('BotUpdated'), python: await pythonExample('bot_updated') }
  for (const [bot, program] of Object.entries(producers))
    await startProgram(t, program, { parameters: [bot, dataset.uri, '1'], environment }).ended()

  const champion = (line: string) => line.split(' ').slice(0, 2).join(' ')
  for (const consumer of consumers) {
    await eventually(() => consumer.lines().length >= 2, { timeoutMs: 60_000, what: 'a champion for each bot' })
    assert.deepEqual(consumer.lines().map(champion).sort(), ['java/intents 1', 'python/intents 1'])
  }
})
