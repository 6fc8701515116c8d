/** The console's API, as far as commands need it. Loose objects: what else a server says is passed on with --json. */
import { z } from 'zod'
import { EvaluationDocument } from '../../../schemas/evaluation.ts'
import type { Client } from './client.ts'
import { path } from './path.ts'
import { serverSentEvents } from './server-sent-events.ts'

const Time = z.coerce.date()

export const Champion = z.looseObject({
  bot: z.string(),
  jobType: z.string(),
  sequence: z.number(),
  generation: z.number(),
  run: z.string(),
  model: z.looseObject({ url: z.string(), digest: z.string() }),
  evaluation: z.string(),
  decidedAt: Time,
  decidedBy: z.string(),
  actor: z.string().nullable(),
  reason: z.string(),
})
export type Champion = z.infer<typeof Champion>

export const Run = z.looseObject({
  run: z.string(),
  bot: z.string(),
  jobType: z.string(),
  generation: z.number(),
  state: z.string(),
  begunAt: Time,
  startedAt: Time.nullable(),
  request: z
    .looseObject({
      reason: z.string(),
      actor: z.string().nullable(),
      signals: z.looseObject({ count: z.number() }),
      dataset: z.looseObject({
        digest: z.string(),
        trainRows: z.number(),
        examRows: z.number(),
        intents: z.number(),
      }),
    })
    .nullable(),
  end: z
    .looseObject({
      endedAt: Time,
      outcome: z.string().nullable(),
      reason: z.string().nullable(),
      actor: z.string().nullable(),
      by: z.string().nullable(),
    })
    .nullable(),
  model: z.looseObject({ digest: z.string() }).nullable(),
  evaluation: z
    .looseObject({
      evaluation: z.string(),
      examRows: z.number(),
      accuracy: z.number(),
      macroF1: z.number(),
      champion: z.looseObject({ run: z.string(), sequence: z.number() }).nullable(),
      difference: z.looseObject({ estimate: z.number(), low: z.number(), high: z.number() }).nullable(),
    })
    .nullable(),
  verdict: z
    .looseObject({
      state: z.string(),
      decidedAt: Time,
      decidedBy: z.string(),
      actor: z.string().nullable(),
      reasons: z.array(z.string()),
    })
    .nullable(),
  promotions: z.array(z.number()),
  inForce: z.boolean(),
})
export type Run = z.infer<typeof Run>

export const RunStory = Run.extend({
  signals: z.record(z.string(), z.number()),
  story: z.array(z.looseObject({ time: Time, what: z.string(), type: z.string(), data: z.unknown() })),
})
export type RunStory = z.infer<typeof RunStory>

const RunList = z.looseObject({ runs: z.array(Run), next: z.string().nullable() })

export const Bot = z.looseObject({
  bot: z.string(),
  champions: z.array(Champion.extend({ changes: z.array(Champion) })),
  runs: z.array(Run),
  held: z.array(Run),
})
export type Bot = z.infer<typeof Bot>

const ChampionList = z.looseObject({ champions: z.array(Champion), next: z.string().nullable() })

export const DeadLetter = z.looseObject({
  id: z.number(),
  topic: z.string().nullable(),
  partition: z.number().nullable(),
  offset: z.number().nullable(),
  group: z.string().nullable(),
  reason: z.string(),
  deadLetteredAt: Time,
  bytes: z.number(),
  replays: z.number(),
})
export type DeadLetter = z.infer<typeof DeadLetter>

const Content = z.looseObject({ encoding: z.enum(['utf8', 'base64']), content: z.string() }).nullable()

const HeaderValue = z.union([z.string(), z.looseObject({ base64: z.string() })])
export type HeaderValue = z.infer<typeof HeaderValue>

export const WholeDeadLetter = DeadLetter.extend({
  key: Content,
  headers: z.record(z.string(), z.union([HeaderValue, z.array(HeaderValue)])),
  value: Content,
  replayed: z.array(z.looseObject({ at: Time, actor: z.string(), reason: z.string() })),
})
export type WholeDeadLetter = z.infer<typeof WholeDeadLetter>

const DeadLetterList = z.looseObject({ deadLetters: z.array(DeadLetter), next: z.number().nullable() })
const Replayed = z.looseObject({ id: z.number(), topic: z.string() })
export const ReplayedMany = z.looseObject({
  dryRun: z.boolean(),
  replayed: z.array(z.number()),
  refused: z.array(z.looseObject({ id: z.number(), reason: z.string() })),
  next: z.number().nullable(),
})
export type ReplayedMany = z.infer<typeof ReplayedMany>

/** An event of the history, with the sentence that tells it. */
export const Told = z.looseObject({
  time: Time,
  what: z.string(),
  type: z.string(),
  bot: z.string(),
  jobType: z.string(),
  run: z.string().nullable(),
  data: z.looseObject({}),
})
export type Told = z.infer<typeof Told>

export type DeadLetterWhere = { topic?: string; reasonContains?: string; since?: string }
export type Person = { actor: string; reason: string }

export type RunFilter = { bot?: string; jobType?: string; state?: string; held?: true; limit?: number }

export function consoleApi(client: Client) {
  return {
    runs: (filter: RunFilter = {}) => client.get('/runs', RunList, filter),
    run: (run: string) => client.get(path`/runs/${run}`, RunStory),
    bot: (bot: string) => client.get(path`/bots/${bot}`, Bot),
    evaluation: (evaluation: string) => client.get(path`/evaluations/${evaluation}`, EvaluationDocument),
    /** The history of a bot from its beginning, and then as it grows. */
    async *stream(bot: string, signal: AbortSignal): AsyncGenerator<Told> {
      for await (const { data } of serverSentEvents(client.bytes('/stream', { bot, after: 0 }, signal))) {
        yield Told.parse(JSON.parse(data))
      }
    },
    deadLetters: (filter: DeadLetterWhere & { waiting?: true; limit?: number; before?: number }) =>
      client.get('/dead-letters', DeadLetterList, filter),
    deadLetter: (id: string) => client.get(path`/dead-letters/${id}`, WholeDeadLetter),
    replay: (id: string, body: Person & { force: boolean }) =>
      client.post(path`/dead-letters/${id}/replay`, Replayed, body),
    replayMany: (body: Person & { where: DeadLetterWhere; dryRun: boolean; after?: number; upTo?: number }) =>
      client.post('/dead-letters/replay', ReplayedMany, body),
    async champions(): Promise<Champion[]> {
      const all: Champion[] = []
      for (let after: string | undefined; ; ) {
        const { champions, next } = await client.get('/champions', ChampionList, { limit: 500, after })
        all.push(...champions)
        if (next === null) return all
        after = next
      }
    },
  }
}
