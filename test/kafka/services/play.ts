import assert from 'node:assert/strict'
import { z } from 'zod'
import { BotId } from '../../../schemas/words.ts'
import { type Api, type ApiService, makeApi } from '../../../services/cli/client/api.ts'
import { makeClient } from '../../../services/cli/client/client.ts'
import { play } from '../../../services/cli/demo/play.ts'
import { bot } from '../../../services/cli/demo/story.ts'
import { makeStyle } from '../../../services/cli/render/style.ts'
import { signalIdOf } from '../../../services/intake/signal.ts'

/** Writes an event of a bot, its key, to the platform's topic. */
export type Produce = (key: string, event: object) => Promise<void>

/**
 * Plays the demo's story against services, and holds it to all of its promises.
 * @param produce how its events are written to Kafka; without it they are posted
 */
export async function playOn(urlOf: (service: ApiService) => string, produce?: Produce): Promise<void> {
  const api = makeApi((service) => makeClient({ url: urlOf(service), token: undefined }))
  const said: string[] = []
  const { steps } = await play({
    api: produce === undefined ? api : { ...api, intake: { ...api.intake, publish: throughKafka(produce) } },
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
