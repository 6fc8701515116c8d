/** The vocabulary of the contract: branded ids, digests, canonical JSON, and the words for ends and states. */

import { hash } from 'node:crypto'
import { z } from 'zod'

/** What PostgreSQL can't keep and UTF-8 can't carry: NUL and halves of surrogate pairs. Refused at every border. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

export const BotId = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), {
    error: 'expected an id without control characters and lone surrogates',
  })
  .brand<'BotId'>()
  .describe('Id of a bot, as the platform names it.')
export type BotId = z.infer<typeof BotId>

/** Of a bot that is heard of: `.` and `..` are steps in the path of a URL, so that no client could ever ask for such a bot. */
export const NamableBotId = BotId.refine((id) => id !== '.' && id !== '..', {
  error: 'expected an id that a URL can hold, so neither . nor ..',
})

export const JobTypeName = z
  .string()
  .max(40)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, {
    error: 'expected a name of lower-case letters, digits and inner hyphens, at most 40 characters',
  })
  .brand<'JobTypeName'>()
export type JobTypeName = z.infer<typeof JobTypeName>

/** What has one champion, one running training and one line of generations. */
export type Key = { bot: BotId; jobType: JobTypeName }

/** One text for each key, since a job type's name holds no slash. */
export function nameOfKey({ bot, jobType }: Key): string {
  return `${jobType}/${bot}`
}

export function distinctKeys(keys: readonly Key[]): Key[] {
  return [...new Map(keys.map((key) => [nameOfKey(key), key])).values()]
}

export const RunId = z
  .string()
  .regex(/^run-[a-z2-7]{10}$/, { error: 'expected a run id such as run-a2b3c4d5e6' })
  .brand<'RunId'>()
export type RunId = z.infer<typeof RunId>

export const SignalId = z
  .string()
  .regex(/^sig-[0-9a-f]{24}$/, { error: 'expected a signal id: sig- and 24 hexadecimal digits' })
  .brand<'SignalId'>()
export type SignalId = z.infer<typeof SignalId>

export const EvaluationId = z
  .string()
  .regex(/^eval-[0-9a-f]{16}$/, { error: 'expected an evaluation id: eval- and 16 hexadecimal digits' })
  .brand<'EvaluationId'>()
export type EvaluationId = z.infer<typeof EvaluationId>

/** `<run>-<number>` trains; `<run>-champion-<number>` only lets the champion answer. A DNS label, never used again. */
export const AttemptName = z
  .string()
  .regex(/^run-[a-z2-7]{10}-(champion-)?[1-9][0-9]{0,5}$/, {
    error: 'expected an attempt name such as run-a2b3c4d5e6-1',
  })
  .brand<'AttemptName'>()
export type AttemptName = z.infer<typeof AttemptName>

export const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, { error: 'expected sha256: and 64 hexadecimal digits' })
  .brand<'Digest'>()
export type Digest = z.infer<typeof Digest>

export function digestOf(content: string | Uint8Array): Digest {
  return Digest.parse(`sha256:${hash('sha256', content)}`)
}

/** JSON with the keys of every object sorted and no white space: equal values give equal text, hence equal digests. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  })
}

export const signalEnds = ['launched', 'coalesced', 'unchanged', 'rejected', 'deadLettered'] as const
export const SignalEnd = z.enum(signalEnds)
export type SignalEnd = z.infer<typeof SignalEnd>

export const runStates = ['queued', 'running', 'succeeded', 'failed', 'superseded', 'cancelled'] as const
export const RunState = z.enum(runStates)
export type RunState = z.infer<typeof RunState>

export const attemptOutcomes = [
  'done',
  'badInput',
  'badOutput',
  'crashed',
  'resumable',
  'lost',
  'deadline',
  'stopped',
] as const
export const AttemptOutcome = z.enum(attemptOutcomes)
export type AttemptOutcome = z.infer<typeof AttemptOutcome>

export const verdictWords = ['promote', 'hold', 'reject'] as const
export const VerdictWord = z.enum(verdictWords)
export type VerdictWord = z.infer<typeof VerdictWord>

export const modelStates = ['evaluated', 'promoted', 'held', 'rejected', 'overtaken', 'expired'] as const
export const ModelState = z.enum(modelStates)
export type ModelState = z.infer<typeof ModelState>
