import { setTimeout as delay } from 'node:timers/promises'
import type { Yard } from '../harness/yard.ts'

export interface Sums {
  received: number
  launched: number
  coalesced: number
  unchanged: number
  rejected: number
  deadLettered: number
  waiting: number
  balanced: boolean
}

export interface Champion {
  bot: string
  jobType: string
  sequence: number
  run: string
  model: { url: string; digest: string }
}

/** A configuration whose one job type runs `echo`, the program that does nothing but honour the contract. */
export function echoConfiguration(hyperparameters: Record<string, unknown> = {}, more = ''): string {
  return `jobTypes:
  intents:
    program: { command: [node, services/trainer/main.ts, echo] }
    hyperparameters: ${JSON.stringify(hyperparameters)}
    slots: 4
    graceSeconds: 5
    attemptDeadlineSeconds: 120
    retries: { limit: 2, backoffSeconds: 0.05 }
    promotion: { minimumExamRows: 1, guard: { minimumSupport: 3 } }
${more}
triggers:
  - { name: bot-edited, topic: bot.events, when: { type: bot.updated }, jobType: intents,
      bot: /data/botId, dataset: /data/dataset/uri, digest: /data/dataset/digest, revision: /data/revision }
`
}

/** JSON Lines of `intents` × `rows` distinct texts; another `flavour` gives another dataset. */
export function datasetOf(flavour: string, intents = 3, rows = 20): string {
  const lines = Array.from({ length: intents * rows }, (_, index) => {
    const intent = `intent-${index % intents}`
    return JSON.stringify({ text: `${flavour} asks for ${intent} in way ${Math.floor(index / intents)}`, intent })
  })
  return `${lines.join('\n')}\n`
}

export async function postDataset(yard: Yard, text: string): Promise<{ digest: string; uri: string }> {
  return await yard.post('/datasets', text, 'application/x-ndjson')
}

export function botUpdated(
  bot: string,
  dataset: { uri: string; digest: string },
  revision: number,
  id = `${bot}-${revision}`,
) {
  return {
    specversion: '1.0',
    id,
    source: 'test://platform',
    type: 'bot.updated',
    data: { botId: bot, revision, dataset: { uri: dataset.uri, digest: dataset.digest } },
  }
}

/** Posts as a careful client does: until it is answered. The same event again is the same signal. */
export async function publish(yard: Yard, event: object): Promise<void> {
  await persistently(() => yard.post('/events', event, 'application/cloudevents+json'))
}

export async function persistently<T>(call: () => Promise<T>, timeoutMs = 30_000): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(20)
    }
  }
}

export const sumsOf = (yard: Yard): Promise<Sums> => yard.get<Sums>('/signals')

/** The model in force for the bot's one job type, or undefined when it has none yet. */
export async function championOf(yard: Yard, bot: string): Promise<Champion | undefined> {
  const response = await yard.call(`/bots/${bot}`)
  if (response.status === 404) return undefined
  const { champions } = (await response.json()) as { champions: Champion[] }
  return champions[0]
}
