/** The promoter's API, as far as commands need it. Loose objects: what else a server says is passed on with --json. */
import { z } from 'zod'
import type { PromotionPolicy } from '../../../schemas/job-type.ts'
import type { Client } from './client.ts'
import type { Person } from './console.ts'
import { path } from './path.ts'

const Time = z.coerce.date()

const KeyChampion = z.looseObject({
  sequence: z.number(),
  run: z.string(),
  decidedBy: z.string(),
  actor: z.string().nullable(),
  reason: z.string(),
  decidedAt: Time,
})

export const KeyState = z.looseObject({
  bot: z.string(),
  jobType: z.string(),
  fence: z.number(),
  pin: z.looseObject({ actor: z.string(), reason: z.string(), since: Time }).nullable(),
  championSequence: z.number(),
  champion: KeyChampion.nullable(),
  held: z.array(
    z.looseObject({
      run: z.string(),
      since: Time,
      expiresAt: Time,
      rule: z.string().nullable(),
      reasons: z.array(z.string()),
    }),
  ),
})
export type KeyState = z.infer<typeof KeyState>

const Reason = z.looseObject({ rule: z.string(), passed: z.boolean(), text: z.string() })
export type VerdictReason = z.infer<typeof Reason>

export const JudgedModel = z.looseObject({
  run: z.string(),
  bot: z.string(),
  jobType: z.string(),
  generation: z.number(),
  evaluation: z.string(),
  state: z.string(),
  verdict: z.looseObject({ verdict: z.string(), rule: z.string(), reasons: z.array(Reason) }).nullable(),
  facts: z.looseObject({ fence: z.number(), pinned: z.boolean(), championSequence: z.number() }).nullable(),
  policy: z.looseObject({}),
  decidedBy: z.string().nullable(),
  actor: z.string().nullable(),
  reason: z.string().nullable(),
  decidedAt: Time.nullable(),
})
export type JudgedModel = z.infer<typeof JudgedModel>

export const Preview = z.looseObject({
  run: z.string(),
  bot: z.string(),
  jobType: z.string(),
  generation: z.number(),
  verdict: z.string(),
  rule: z.string(),
  reasons: z.array(Reason),
  was: z.string(),
  state: z.string(),
})
export type Preview = z.infer<typeof Preview>

type Decision = Person & { championSequence: number }
export type Rollback = Decision & { jobType: string; run?: string; sequence?: number; pin: boolean }

const previewsAtOnce = 1_000

export function promoterApi(client: Client) {
  return {
    async keys(bot: string): Promise<KeyState[]> {
      return (await client.get(path`/keys/${bot}`, z.looseObject({ keys: z.array(KeyState) }))).keys
    },
    verdict: (run: string) => client.get(path`/verdicts/${run}`, JudgedModel),
    preview: (request: { policy?: PromotionPolicy; run: string }) =>
      client.post('/verdicts/preview', z.array(Preview), request),
    /** Of all models, however many there are. */
    async previewAll(policy: PromotionPolicy | undefined): Promise<Preview[]> {
      const all: Preview[] = []
      for (;;) {
        const before = all.at(-1)?.run
        const page = await client.post('/verdicts/preview', z.array(Preview), {
          limit: previewsAtOnce,
          ...(policy === undefined ? {} : { policy }),
          ...(before === undefined ? {} : { before }),
        })
        for (const each of page) all.push(each)
        if (page.length < previewsAtOnce) return all
      }
    },
    decide: (run: string, what: 'approve' | 'reject', decision: Decision) =>
      client.post(path`/runs/${run}/${what}`, JudgedModel, decision),
    rollback: (bot: string, rollback: Rollback) => client.post(path`/bots/${bot}/rollback`, KeyState, rollback),
    unpin: (bot: string, body: Decision & { jobType: string }) => client.post(path`/bots/${bot}/unpin`, KeyState, body),
  }
}
