/** Intake's API, as far as commands need it. Loose objects: what else a server says is passed on with --json. */
import { z } from 'zod'
import type { Body, Client } from './client.ts'
import { path } from './path.ts'

const Time = z.coerce.date()

export const Signal = z.looseObject({
  signal: z.string(),
  trigger: z.string().nullable(),
  bot: z.string().nullable(),
  jobType: z.string().nullable(),
  receivedAt: Time,
  request: z.string().nullable().default(null),
  end: z.string().nullable(),
  run: z.string().nullable(),
  reason: z.string().nullable(),
  endedAt: Time.nullable(),
})
export type Signal = z.infer<typeof Signal>

/** Whoever knows the bot of a signal knows its trigger, too. */
const SignalOfBot = Signal.extend({ trigger: z.string(), bot: z.string(), jobType: z.string() })
export type SignalOfBot = z.infer<typeof SignalOfBot>

export const Sums = z.looseObject({
  received: z.number(),
  launched: z.number(),
  coalesced: z.number(),
  unchanged: z.number(),
  rejected: z.number(),
  deadLettered: z.number(),
  waiting: z.number(),
  balanced: z.boolean(),
})
export type Sums = z.infer<typeof Sums>

export const Request = z.looseObject({
  run: z.string(),
  bot: z.string(),
  jobType: z.string(),
  state: z.enum(['waiting', 'fetching']),
  since: Time,
  dueAt: Time,
  signals: z.number(),
  dataset: z.string().nullable(),
  tries: z.number(),
  failures: z.number(),
  problem: z.string().nullable(),
})
export type Request = z.infer<typeof Request>

export const Dataset = z.looseObject({
  digest: z.string(),
  uri: z.string(),
  rows: z.number(),
  trainRows: z.number(),
  examRows: z.number(),
  intents: z.number(),
  reports: z.array(z.looseObject({ message: z.string(), lines: z.array(z.number()) })),
})
export type Dataset = z.infer<typeof Dataset>

export const PublishedEvent = z.looseObject({
  event: z.string().nullable(),
  accepted: z.boolean(),
  signals: z.array(
    z.looseObject({
      signal: z.string(),
      trigger: z.string(),
      bot: z.string(),
      jobType: z.string(),
      known: z.boolean(),
    }),
  ),
  reason: z.string().optional(),
})
export type PublishedEvent = z.infer<typeof PublishedEvent>

export const Trigger = z.looseObject({
  name: z.string(),
  topic: z.string(),
  type: z.string(),
  conditions: z.array(z.looseObject({ pointer: z.string(), equals: z.union([z.string(), z.number(), z.boolean()]) })),
  jobType: z.string(),
  bot: z.string(),
  dataset: z.string().nullable(),
})
export type Trigger = z.infer<typeof Trigger>

export const TestedMessage = z.looseObject({
  event: z.looseObject({ eventId: z.string() }).nullable(),
  becomes: z.enum(['signal', 'deadLetter', 'nothing']),
  signal: z
    .looseObject({
      bot: z.string(),
      jobType: z.string(),
      dataset: z.string().nullable(),
      revision: z.number().nullable(),
      known: z.boolean(),
    })
    .nullable(),
  reason: z.string().nullable(),
})
export type TestedMessage = z.infer<typeof TestedMessage>

const Published = z.looseObject({ results: z.array(PublishedEvent) })

export type TrainOrder = { bot: string; jobType?: string; dataset?: string; actor: string; reason: string }

export type TriggerTest = { messages?: { value: string }[]; topic?: string; last?: number }

export function intakeApi(client: Client) {
  return {
    publish: (event: unknown) =>
      client.upload('/events', Published, {
        type: Array.isArray(event) ? 'application/cloudevents-batch+json' : 'application/cloudevents+json',
        content: JSON.stringify(event),
      }),
    addDataset: (content: Body['content']) =>
      client.upload('/datasets', Dataset, { type: 'application/x-ndjson', content }),
    dataset: (digest: string) => client.get(path`/datasets/${digest}`, Dataset),
    train: (order: TrainOrder) => client.post('/train', z.looseObject({ signal: z.string() }), order),
    triggers: () => client.get('/triggers', z.looseObject({ triggers: z.array(Trigger) })),
    testTrigger: (name: string, body: TriggerTest) =>
      client.post(path`/triggers/${name}/test`, z.looseObject({ results: z.array(TestedMessage) }), body),
    signal: (signal: string) => client.get(path`/signals/${signal}`, Signal),
    sums: () => client.get('/signals', Sums),
    async signalsOf(bot: string): Promise<SignalOfBot[]> {
      return (await client.get('/signals', z.looseObject({ signals: z.array(SignalOfBot) }), { bot })).signals
    },
    async requestsOf(bot: string): Promise<Request[]> {
      return (await client.get('/requests', z.looseObject({ requests: z.array(Request) }), { bot })).requests
    },
  }
}
