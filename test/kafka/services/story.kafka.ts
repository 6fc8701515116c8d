import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { configuration } from '../../../services/cli/demo/story.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { startBroker } from '../broker/broker.ts'
import { pythonExample, startProgram } from '../examples/programs.ts'
import { preparePlatform } from '../platform.ts'
import { startDev } from './dev.ts'
import { startFleet } from './fleet.ts'
import { type Produce, playOn } from './play.ts'

test("the demo's story on `trainyard dev`, driven by what a stock producer in Python writes to bot.events", async (t) => {
  const { produce, variables } = await openPlatform(t)
  const url = await startDev(t, configuration, variables)
  await playOn(() => url, produce)
})

test('the same story on two processes of each service', async (t) => {
  const { produce, variables } = await openPlatform(t)
  const fleet = await startFleet(t, configuration, variables)
  await playOn((service) => fleet[service][1].url, produce)
})

/** A broker of the test's own, so that every topic has the name that the documents say, and a producer of that platform. */
async function openPlatform(t: TestContext) {
  const broker = await startBroker()
  cleanup(t, () => broker.stop())
  const { variables } = await preparePlatform(t, broker.brokers, { alone: true })
  const stock = await pythonExample('bot_updated')
  const script = fileURLToPath(new URL('producer.py', import.meta.url))
  const producer = startProgram(t, { ...stock, command: ['python3', script] }, { environment: variables })
  let written = 0
  const produce: Produce = async (key, event) => {
    producer.tell(JSON.stringify([key, event]))
    written += 1
    await eventually(() => producer.lines().length === written, { what: 'the producer to have written it' })
  }
  return { variables, produce }
}
