import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { BotId } from '../../../schemas/words.ts'
import { type Api, type ApiService, makeApi } from '../../../services/cli/client/api.ts'
import { makeClient } from '../../../services/cli/client/client.ts'
import { play } from '../../../services/cli/demo/play.ts'
import { bot, configuration } from '../../../services/cli/demo/story.ts'
import { makeStyle } from '../../../services/cli/render/style.ts'
import { signalIdOf } from '../../../services/intake/signal.ts'
import { startYard } from '../../harness/yard.ts'
import { sharedBroker } from '../broker/shared.ts'
import { type Platform, preparePlatform, structured } from '../platform.ts'
import { startFleet } from './fleet.ts'

test("the demo's story is driven by what a plain producer writes to the platform's topic", async (t) => {
  const platform = await preparePlatform(t, await sharedBroker())
  const { url } = await startYard(t, {
    configuration: platform.configured(configuration),
    postgres: 'shared',
    variables: platform.variables,
  })
  await playOn(platform, () => url)
})

test('two processes of each service carry the same story as one process of all', async (t) => {
  const platform = await preparePlatform(t, await sharedBroker())
  const fleet = await startFleet(t, platform.configured(configuration), platform.variables)
  await playOn(platform, (service) => fleet[service][1].url)
})

async function playOn(platform: Platform, urlOf: (service: ApiService) => string): Promise<void> {
  const api = makeApi((service) => makeClient({ url: urlOf(service), token: undefined }))
  const said: string[] = []
  const { steps } = await play({
    api: { ...api, intake: { ...api.intake, publish: throughKafka(platform) } },
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
function throughKafka({ produce }: Platform): Api['intake']['publish'] {
  return async (event) => {
    const origin = Origin.parse(event)
    await produce([structured(bot, origin)])
    const { source, id } = origin
    const signal = signalIdOf({ source, eventId: id }, 'bot-edited', BotId.parse(bot))
    const known = { trigger: 'bot-edited', bot, jobType: 'intents', known: false }
    return { results: [{ event: id, accepted: true, signals: [{ signal, ...known }] }] }
  }
}
