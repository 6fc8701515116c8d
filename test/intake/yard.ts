import type { TestContext } from 'node:test'
import { batchType, structuredType } from '../../schemas/cloudevents-http.ts'
import { type Configuration, parseConfiguration } from '../../schemas/configuration.ts'
import { intake } from '../../services/intake/main.ts'
import { readSums, type Sums } from '../../services/intake/sums.ts'
import { type TestKit, type TestKitOptions, testKit } from '../harness/kit.ts'

export type Quiet = { quietSeconds?: number; maxWaitSeconds?: number }

/** One job type and one trigger, as a small installation has them. */
export function configurationOf({ quietSeconds = 0, maxWaitSeconds = 300 }: Quiet = {}, more = ''): Configuration {
  return parseConfiguration(
    `jobTypes:
  intents:
    program: { command: [node, services/trainer/main.ts, echo] }
    debounce: { quietSeconds: ${quietSeconds}, maxWaitSeconds: ${maxWaitSeconds} }
    failuresPerWork: 2
triggers:
  - { name: bot-edited, topic: bot.events, when: { type: bot.updated }, jobType: intents,
      bot: /data/botId, dataset: /data/dataset/uri, digest: /data/dataset/digest, revision: /data/revision }
  - { name: bot-touched, topic: bot.events, when: { type: bot.touched }, jobType: intents, bot: /data/botId }
${more}`,
    'trainyard.yaml',
  )
}

export async function intakeKit(t: TestContext, options: TestKitOptions = {}): Promise<TestKit> {
  return await testKit(t, intake, { configuration: configurationOf(), ...options })
}

let serial = 0

export type Edit = { bot?: unknown; dataset?: unknown; revision?: unknown; id?: string; type?: string }

/** A bot's edit as its platform tells it. */
export function edit({ bot = 'bot-1', dataset, revision, id, type = 'bot.updated' }: Edit = {}) {
  serial += 1
  return {
    specversion: '1.0',
    id: id ?? `event-${serial}`,
    source: 'test://platform',
    type,
    data: {
      botId: bot,
      ...(dataset === undefined ? {} : { dataset }),
      ...(revision === undefined ? {} : { revision }),
    },
  }
}

export async function publish(kit: TestKit, events: object | readonly object[]) {
  const response = await kit.inject({
    method: 'POST',
    url: '/events',
    headers: { 'content-type': Array.isArray(events) ? batchType : structuredType },
    payload: JSON.stringify(events),
  })
  return { status: response.statusCode, body: response.json() }
}

export function datasetOf(flavour: string, rows = 8): string {
  const lines = Array.from({ length: rows }, (_, index) =>
    JSON.stringify({ text: `${flavour} in way ${index}`, intent: index % 2 === 0 ? 'greet' : 'pay' }),
  )
  return `${lines.join('\n')}\n`
}

export async function postDataset(kit: TestKit, content: string | Buffer) {
  const response = await kit.inject({
    method: 'POST',
    url: '/datasets',
    headers: { 'content-type': 'application/x-ndjson' },
    payload: content,
  })
  return { status: response.statusCode, body: response.json() }
}

/** Stores a dataset and gives it as events name it. */
export async function storedDataset(kit: TestKit, flavour: string): Promise<{ uri: string; digest: string }> {
  const { status, body } = await postDataset(kit, datasetOf(flavour))
  if (status !== 201) throw new Error(JSON.stringify(body))
  return { uri: body.uri, digest: body.digest }
}

export async function get(kit: TestKit, url: string) {
  const response = await kit.inject({ method: 'GET', url })
  return { status: response.statusCode, body: response.json() }
}

export async function post(kit: TestKit, url: string, payload: object) {
  const response = await kit.inject({ method: 'POST', url, payload })
  return { status: response.statusCode, body: response.json() }
}

export const sums = (kit: TestKit): Promise<Sums> => readSums(kit.database)

/** What was said with this name, in order. */
export async function said<N extends 'training.requested' | 'signal.ended'>(kit: TestKit, name: N) {
  const events = await kit.emitted()
  return events.flatMap((event) =>
    event.name === name ? [event.data as Extract<typeof event, { name: N }>['data']] : [],
  )
}

/** Makes every waiting request due, as time would. */
export async function letQuietPass(kit: TestKit): Promise<void> {
  await kit.database.execute(`update intake.requests set due_at = now() where state = 'waiting'`)
}

/** Makes every fetch that waits for its next try due, as time would. */
export async function letBackoffPass(kit: TestKit): Promise<void> {
  await kit.database.execute(`update intake.requests set due_at = now() where state = 'fetching'`)
}

/** Looks for work until there is none that is due. */
export async function settle(kit: TestKit): Promise<void> {
  for (const loop of ['intake.due', 'intake.fetching.1', 'intake.due']) while ((await kit.work(loop)) === 0);
}
