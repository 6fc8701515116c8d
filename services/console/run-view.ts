/** A run as the console shows it: what is known of it, from all events about it together. */
import { z } from 'zod'
import {
  AttemptOutcome,
  BotId,
  Digest,
  EvaluationId,
  JobTypeName,
  ModelState,
  RunId,
  RunState,
  SignalId,
} from '../../schemas/words.ts'

export const Time = z.iso.datetime()

export const ModelReference = z.object({ url: z.string(), digest: Digest })

const ChampionReference = z.object({ run: RunId, sequence: z.number() })

export const RunView = z.object({
  run: RunId,
  bot: BotId,
  jobType: JobTypeName,
  generation: z.number(),
  state: RunState.describe('A run that is requested and not yet in the queue counts as queued.'),
  begunAt: Time.describe('When the first thing about it happened; lists are in this order, newest first.'),
  lastAt: Time.describe('When the last thing about it happened.'),
  request: z
    .object({
      requestedAt: Time,
      reason: z.string(),
      actor: z.string().nullable().describe('The person who asked for it; null for a machine.'),
      priority: z.number(),
      insisted: z.boolean(),
      workIdentity: Digest,
      signals: z.object({ count: z.number(), first: SignalId, last: SignalId }),
      dataset: z.object({
        digest: Digest,
        uri: z.string(),
        trainRows: z.number(),
        examRows: z.number(),
        intents: z.number(),
      }),
    })
    .nullable(),
  queuedAt: Time.nullable(),
  startedAt: Time.nullable(),
  end: z
    .object({
      endedAt: Time,
      outcome: AttemptOutcome.nullable().describe('How the last attempt ended; null where it was cut off.'),
      reason: z.string().nullable(),
      attempts: z.number().nullable().describe('Null where it was cut off.'),
      actor: z.string().nullable().describe('Who cancelled it.'),
      by: RunId.nullable().describe('The run that superseded it.'),
    })
    .nullable(),
  model: ModelReference.nullable(),
  evaluation: z
    .object({
      evaluation: EvaluationId,
      evaluatedAt: Time,
      examRows: z.number(),
      accuracy: z.number(),
      macroF1: z.number(),
      champion: ChampionReference.nullable().describe('The champion that it was compared with.'),
      difference: z.object({ estimate: z.number(), low: z.number(), high: z.number() }).nullable(),
    })
    .nullable(),
  verdict: z
    .object({
      state: ModelState,
      decidedAt: Time,
      decidedBy: z.enum(['policy', 'person', 'limit']),
      actor: z.string().nullable(),
      reasons: z.array(z.string()),
    })
    .nullable(),
  promotions: z.array(z.number()).describe('The numbers under which its model was put in force.'),
})
export type RunView = z.infer<typeof RunView>

export const RunInList = RunView.extend({
  inForce: z.boolean().describe('Its model is the champion now.'),
})
export type RunInList = z.infer<typeof RunInList>
