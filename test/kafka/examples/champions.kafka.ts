import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { committedCodec } from '../../../schemas/codec.ts'
import { console } from '../../../services/console/main.ts'
import { given } from '../../console/given.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { testKit } from '../../harness/kit.ts'
import { startBroker } from '../broker/broker.ts'
import { createTopics, plainKafka } from '../broker/topics.ts'
import { javaExample, type Program, pythonExample, startProgram } from './programs.ts'

const topic = 'trainyard.champions'
const consumers: Readonly<Record<string, () => Promise<Program>>> = {
  Java: () => javaExample('Champions'),
  Python: () => pythonExample('champions'),
}

for (const [language, example] of Object.entries(consumers)) {
  test(`a ${language} program with its stock libraries sees each change of champion once, and the newest last`, async (t) => {
    const { brokers, ready, retired } = await openTopic(t)
    await ready('shop', 1)
    await ready('shop', 2)
    await ready('shop', 2)
    await ready('desk', 1)

    const program = startProgram(t, await example(), {
      environment: { KAFKA_BROKERS: brokers.join(), SCHEMA_REGISTRY_URL: await serveSchemas(t) },
    })
    const lines = (count: number) =>
      eventually(() => program.lines().length >= count && program.lines(), {
        timeoutMs: 60_000,
        what: `${count} lines of the example`,
      })
    await lines(3)
    await ready('shop', 1)
    await ready('shop', 3)
    await retired('desk')
    await ready('desk', 2)

    const seen = (await lines(5)).map((line) => line.split(' '))
    const sequences = (key: string) => seen.filter(([ofKey]) => ofKey === key).map(([, sequence]) => sequence)
    assert.deepEqual(sequences('shop/intents'), ['1', '2', '3'])
    assert.deepEqual(sequences('desk/intents'), ['1', '2'])
    for (const [, , url] of seen) assert.match(url ?? '', /^http:\S+\/models\/sha256:[0-9a-f]{64}$/)
  })
}

/** A broker with nothing but the topic of champions, and what writes to it as the promoter does. */
async function openTopic(t: TestContext) {
  const broker = await startBroker()
  cleanup(t, () => broker.stop())
  await createTopics(broker.brokers, [{ topic, numPartitions: 3 }])
  const producer = plainKafka(broker.brokers).producer()
  await producer.connect()
  cleanup(t, () => producer.disconnect())
  const send = async (bot: string, value: Buffer | null) => {
    await producer.send({ topic, messages: [{ key: `${bot}/intents`, value }] })
  }
  return {
    brokers: broker.brokers,
    ready(bot: string, sequence: number) {
      const { data } = given({ letter: 'a', sequence })('model.ready')
      return send(bot, committedCodec.encode('model.ready', { ...data, sequence }))
    },
    retired: (bot: string) => send(bot, null),
  }
}

/** The console's own registry, as there is when the environment names no other. */
async function serveSchemas(t: TestContext): Promise<string> {
  const kit = await testKit(t, console)
  return await kit.app.listen({ host: '127.0.0.1', port: 0 })
}
