/** A champion as the console shows it. */
import { z } from 'zod'
import type { EventData } from '../../schemas/catalogue.ts'
import { BotId, EvaluationId, JobTypeName, RunId } from '../../schemas/words.ts'
import { ModelReference, Time } from './run-view.ts'

export const ChampionView = z.object({
  bot: BotId,
  jobType: JobTypeName,
  sequence: z.number().describe('Number of this change of champion; each change has the next one.'),
  generation: z.number(),
  run: RunId,
  model: ModelReference,
  evaluation: EvaluationId,
  decidedAt: Time,
  decidedBy: z.enum(['policy', 'person']),
  actor: z.string().nullable(),
  reason: z.string(),
  replaces: z.object({ run: RunId, sequence: z.number(), model: ModelReference }).nullable(),
})
export type ChampionView = z.infer<typeof ChampionView>

export function championOf(data: EventData<'model.ready'>): ChampionView {
  return { ...data, decidedAt: new Date(data.decidedAt).toISOString() }
}
