import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { brokerJars } from '../broker/jars.ts'
import { sharedBroker } from '../broker/shared.ts'
import { createTopics, uniqueName } from '../broker/topics.ts'
import { startProgram } from '../examples/programs.ts'
import { openClient, settingsFor } from './given.ts'

const partitions = 31
/** Of every length up to two blocks of the hash and more, most of them no text. */
const bytes = Array.from({ length: 33 }, (_, length) =>
  Buffer.from(createHash('sha256').update(`${length}`).digest().subarray(0, length)),
)
const texts = [
  'shop',
  'shop/intents',
  'Ünïcödé-Bot',
  '機器人',
  '🤖',
  'a'.repeat(200),
  ...Array.from({ length: 100 }, (_, n) => `bot-${n}`),
]
const keys = [...bytes, ...texts.map((text) => Buffer.from(text))]

test("a key's messages lie in the partition in which Java's producer would put them", async (t) => {
  const program = fileURLToPath(new URL('Partitions.java', import.meta.url))
  const java = startProgram(
    t,
    { command: ['java', '-XX:TieredStopAtLevel=1', '-cp', await brokerJars(), program], variables: {} },
    { parameters: [String(partitions), ...keys.map((key) => key.toString('base64'))], environment: {} },
  )
  const brokers = await sharedBroker()
  const topic = uniqueName('things')
  await createTopics(brokers, [{ topic, numPartitions: partitions }])
  const bus = openClient(t, settingsFor(brokers))
  await bus.publish(keys.map((key) => ({ topic, key, headers: {}, value: null })))
  const chosen = new Map(
    (await bus.peek(topic, keys.length)).map(({ key, partition }) => [key?.toString('hex'), partition]),
  )
  await java.ended()
  assert.deepEqual(
    keys.map((key) => chosen.get(key.toString('hex'))),
    java.lines().map(Number),
  )
})
