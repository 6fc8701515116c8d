import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { BotId } from '../../../schemas/words.ts'
import { type Api, type ApiService, makeApi } from '../../../services/cli/client/api.ts'
import { makeClient } from '../../../services/cli/client/client.ts'
import { play } from '../../../services/cli/demo/play.ts'
import { bot, configuration } from '../../../services/cli/demo/story.ts'
import { makeStyle } from '../../../services/cli/render/style.ts'
import { signalIdOf } from '../../../services/intake/signal.ts'
import { cleanup } from '../../harness/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { startBroker } from '../broker/broker.ts'
import { pythonExample, startProgram } from '../examples/programs.ts'
import { preparePlatform } from '../platform.ts'
import { startDev } from './dev.ts'
import { startFleet } from './fleet.ts'

type Produce = (key: string, event: object) => Promise<void>

test("the demo's story on `trainyard dev`, driven by what a stock producer in Python writes to bot.events", async (t) => {
  const { produce, variables } = await openPlatform(t)
  const url = await startDev(t, configuration, variables)
  await playOn(produce, () => url)
})

test('the same story on two processes of each service', async (t) => {
  const { produce, variables } = await openPlatform(t)
  const fleet = await startFleet(t, configuration, variables)
  await playOn(produce, (service) => fleet[service][1].url)
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

async function playOn(produce: Produce, urlOf: (service: ApiService) => string): Promise<void> {
  const api = makeApi((service) => makeClient({ url: urlOf(service), token: undefined }))
  const said: string[] = []
  const { steps } = await play({
    api: { ...api, intake: { ...api.intake, publish: throughKafka(produce) } },
    actor: 'ada@example',
    style: makeStyle(false),
    columns: 120,
    signal: new AbortController().signal,
    write: (text) => said.push(text),
  })
  assert.equal(steps.length, 6, said.join(''))
}

const Origin = z.looseObject({ source: z.string(), id: z.string() })

/** What the demo posts is produced instead; it learns of its signal's id by the same rule. */
function throughKafka(produce: Produce): Api['intake']['publish'] {
  return async (event) => {
    const origin = Origin.parse(event)
    await produce(bot, origin)
    const { source, id } = origin
    const signal = signalIdOf({ source, eventId: id }, 'bot-edited', BotId.parse(bot))
    const known = { trigger: 'bot-edited', bot, jobType: 'intents', known: false }
    return { results: [{ event: id, accepted: true, signals: [{ signal, ...known }] }] }
  }
}
