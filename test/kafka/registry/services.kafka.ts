import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { frame } from '../../../schemas/confluent-frame.ts'
import { championOf, datasetOf, echoConfiguration, postDataset, sumsOf } from '../../chain/bot.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { startYard } from '../../harness/yard.ts'
import { startBroker } from '../broker/broker.ts'
import { pythonExample, startProgram } from '../examples/programs.ts'
import { preparePlatform } from '../platform.ts'
import { startRegistry } from './registry.ts'

const trigger = `  - { name: bot-avro, topic: bot.events, when: { type: com.example.BotEdited }, jobType: intents, from: beginning,
      bot: /bot, dataset: /dataset/uri, revision: /revision }
`

/** All services on a broker and a registry of the test's own, and a platform beside them. */
async function openPlatform(t: TestContext) {
  const [broker, registry] = await Promise.all([startBroker(), startRegistry()])
  cleanup(t, () => Promise.all([broker.stop(), registry.stop()]))
  const platform = await preparePlatform(t, broker.brokers, { alone: true, partitions: 1 })
  const variables = { ...platform.variables, SCHEMA_REGISTRY_URL: registry.url }
  const yard = await startYard(t, { configuration: echoConfiguration() + trigger, postgres: 'shared', variables })
  const stock = await pythonExample('champions')
  const script = fileURLToPath(new URL('bot_edited.py', import.meta.url))
  return {
    yard,
    send: (value: Buffer | null) => platform.produce([{ key: 'bot', value }]),
    async edit(bot: string, uri: string, revision: number) {
      const program = { ...stock, command: ['python3', script] as const }
      const parameters = [platform.topic, bot, uri, String(revision)]
      await startProgram(t, program, { parameters, environment: variables }).ended()
    },
    champions: () => startProgram(t, stock, { environment: variables }),
  }
}

test("Avro of a stock serialiser pulls a trigger, and a stock deserialiser reads the champion by the registry's ids", async (t) => {
  const { yard, send, edit, champions } = await openPlatform(t)
  const { uri } = await postDataset(yard, datasetOf('avro'))
  await edit('shop', uri, 1)
  await send(frame(987_654, Buffer.from([0])))
  await send(Buffer.from([0, 1]))
  await send(Buffer.from([9, 0, 0, 0, 1]))
  await send(null)
  await edit('shop', uri, 2)
  await eventually(() => championOf(yard, 'shop'), { timeoutMs: 60_000 })

  const sums = await eventually(async () => {
    const now = await sumsOf(yard)
    return now.waiting === 0 && now.received === 5 && now
  })
  assert.equal(sums.deadLettered, 3)
  assert.equal(sums.balanced, true)
  const letters = await eventually(async () => {
    const { deadLetters } = await yard.get<{ deadLetters: { reason: string }[] }>('/dead-letters')
    return deadLetters.length === 3 && deadLetters.map(({ reason }) => reason).sort()
  })
  assert.match(letters[0] ?? '', /expected the byte 0 and a schema id of four bytes/)
  assert.match(letters[1] ?? '', /knows no schema 987654/)
  assert.match(letters[2] ?? '', /message: not valid/)

  const tested = await yard.post<{ results: { becomes: string; signal: { known: boolean } | null }[] }>(
    '/triggers/bot-avro/test',
    { last: 6 },
  )
  assert.deepEqual(
    tested.results.map(({ becomes, signal }) => (signal?.known ? 'known' : becomes)),
    ['known', 'deadLetter', 'deadLetter', 'deadLetter', 'nothing', 'known'],
  )

  const elsewhere = await yard.post<{ results: unknown[] }>('/triggers/bot-avro/test', { topic: 'not.there' })
  assert.deepEqual(elsewhere.results, [])

  const program = champions()
  const [line] = await eventually(() => program.lines().length > 0 && program.lines(), { timeoutMs: 60_000 })
  assert.match(line ?? '', /^shop\/intents 1 http/)
})
