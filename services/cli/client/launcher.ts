/** The launcher's API, as far as commands need it. Loose objects: what else a server says is passed on with --json. */
import { z } from 'zod'
import type { Client } from './client.ts'
import type { Person } from './console.ts'
import { path } from './path.ts'

const Time = z.coerce.date()

export const Slots = z.looseObject({
  jobType: z.string(),
  slots: z.number(),
  configured: z.number().nullable(),
  chosen: z.looseObject({ slots: z.number(), actor: z.string(), reason: z.string() }).nullable(),
  used: z.array(z.string()),
  retiring: z.number(),
})
export type Slots = z.infer<typeof Slots>

export const QueueEntry = z.looseObject({
  run: z.string(),
  bot: z.string(),
  jobType: z.string(),
  state: z.enum(['queued', 'running', 'succeeded']),
  position: z.number().nullable(),
  waitsFor: z.enum(['slot', 'verdict', 'running']).nullable(),
  since: Time,
  progress: z.number().nullable(),
})
export type QueueEntry = z.infer<typeof QueueEntry>

export const Attempt = z.looseObject({
  attempt: z.string(),
  kind: z.enum(['train', 'predict']),
  number: z.number(),
  state: z.string(),
  progress: z.number(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  createdAt: Time,
  claimedAt: Time.nullable(),
  endedAt: Time.nullable(),
  followedFrom: Time.nullable().default(null),
  stop: z.string().nullable().default(null),
  standing: z.string().nullable().default(null),
  standingSince: Time.nullable().default(null),
  silentMs: z.number().nullable().default(null),
  remarks: z.array(z.object({ at: Time, words: z.string() })).default([]),
})
export type Attempt = z.infer<typeof Attempt>

export const Model = z.looseObject({
  digest: z.string(),
  run: z.string(),
  bot: z.string(),
  jobType: z.string(),
  generation: z.number(),
  program: z.looseObject({ command: z.array(z.string()), image: z.string().optional() }),
  hyperparameters: z.record(z.string(), z.unknown()),
  files: z.array(z.looseObject({ path: z.string(), digest: z.string(), bytes: z.number(), url: z.string() })),
})
export type Model = z.infer<typeof Model>

const Cancelled = z.looseObject({ run: z.string(), state: z.enum(['cancelled', 'running']) })

export function launcherApi(client: Client) {
  return {
    slots: () => client.get('/slots', z.array(Slots)),
    setSlots: (jobType: string, body: Person & { slots: number | null }) =>
      client.put(path`/slots/${jobType}`, z.array(Slots), body),
    queue: (bot?: string) => client.get('/queue', z.array(QueueEntry), { bot }),
    attempts: (run: string, query: { remarks?: boolean } = {}) =>
      client.get(path`/runs/${run}/attempts`, z.array(Attempt), query),
    logs: (run: string, query: { attempt?: string; follow?: boolean }) => client.bytes(path`/runs/${run}/logs`, query),
    cancel: (run: string, body: Person) => client.post(path`/runs/${run}/cancel`, Cancelled, body),
    model: (digest: string) => client.get(path`/models/${digest}`, Model),
    modelFile: (digest: string, file: string) =>
      client.bytes(`${path`/models/${digest}`}/files/${file.split('/').map(encodeURIComponent).join('/')}`),
  }
}
