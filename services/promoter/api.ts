/** What the promoter's HTTP API takes and gives. */
import { z } from 'zod'
import { Verdict, VerdictFacts, VerdictReason } from '../../schemas/evaluation.ts'
import { PromotionPolicy } from '../../schemas/job-type.ts'
import {
  BotId,
  Digest,
  EvaluationId,
  isStorable,
  JobTypeName,
  ModelState,
  RunId,
  VerdictWord,
} from '../../schemas/words.ts'

const Words = z
  .string()
  .trim()
  .min(1)
  .max(2_000)
  .refine(isStorable, { error: 'expected a text without NUL and lone surrogates' })
const Sequence = z.int().min(0)
const Time = z.iso.datetime()
const Model = z.object({ url: z.string(), digest: Digest })

/** A person's word: who, why, and the champion that they had before their eyes. */
export const Decision = z.strictObject({
  actor: Words.max(200).describe('Who decides.'),
  reason: Words.describe('Why.'),
  championSequence: Sequence.describe('Sequence of the champion that the decision was made against; 0 for none.'),
})
export type Decision = z.infer<typeof Decision>

export const Rollback = Decision.extend({
  jobType: JobTypeName.optional().describe('Needed where the bot has several.'),
  run: RunId.optional().describe('The run whose model is to be in force again.'),
  sequence: Sequence.min(1)
    .optional()
    .describe('The same by its sequence. Without both: the champion before this one, of an older generation.'),
  pin: z.boolean().default(true).describe('Whether machines only hold from now on, until a person unpins.'),
}).refine(({ run, sequence }) => run === undefined || sequence === undefined, {
  error: 'expected run or sequence, not both',
})
export type Rollback = z.infer<typeof Rollback>

export const Unpin = Decision.partial({ championSequence: true }).extend({ jobType: JobTypeName.optional() })
export type Unpin = z.infer<typeof Unpin>

export const ChampionView = z.object({
  sequence: Sequence,
  run: RunId,
  generation: z.int(),
  evaluation: EvaluationId,
  model: Model,
  decidedBy: z.enum(['policy', 'person']),
  actor: z.string().nullable(),
  reason: z.string(),
  decidedAt: Time,
})
export type ChampionView = z.infer<typeof ChampionView>

export const KeyView = z.object({
  bot: BotId,
  jobType: JobTypeName,
  fence: z.int().describe('Machines put in force only generations above it.'),
  highestGeneration: z.int(),
  pin: z.object({ actor: z.string(), reason: z.string(), since: Time }).nullable(),
  championSequence: Sequence.describe('0 for none.'),
  champion: ChampionView.nullable(),
  held: z.array(
    z.object({
      run: RunId,
      generation: z.int(),
      since: Time,
      expiresAt: Time,
      rule: Verdict.shape.rule.nullable().describe('The one that decided.'),
      reasons: z.array(z.string()),
    }),
  ),
  champions: z.array(ChampionView).describe('All that were in force, the newest first.'),
  decisions: z
    .array(
      z.object({
        action: z.enum(['approve', 'reject', 'rollback', 'unpin']),
        run: RunId.nullable(),
        actor: z.string(),
        reason: z.string(),
        championSequence: Sequence,
        decidedAt: Time,
      }),
    )
    .describe('What people decided, the newest first.'),
})
export type KeyView = z.infer<typeof KeyView>

export const ModelView = z.object({
  run: RunId,
  bot: BotId,
  jobType: JobTypeName,
  generation: z.int(),
  evaluation: EvaluationId,
  document: Digest.describe('The evaluation, a blob.'),
  model: Model,
  state: ModelState,
  verdict: Verdict.nullable().describe("The machine's word; null as long as it is to come."),
  facts: VerdictFacts.nullable().describe('What was true of the key then.'),
  policy: PromotionPolicy,
  decidedBy: z.enum(['policy', 'person', 'limit']).nullable(),
  actor: z.string().nullable(),
  reason: z.string().nullable(),
  decidedAt: Time.nullable(),
  expiresAt: Time.nullable().describe('Held: when it is rejected if nobody decides.'),
  overtakenBy: RunId.nullable(),
})
export type ModelView = z.infer<typeof ModelView>

export const PreviewRequest = z.strictObject({
  policy: PromotionPolicy.optional().describe('Without one, the policy that each model was judged by.'),
  run: RunId.optional().describe('Without one, the whole history, the newest first.'),
  limit: z.int().min(1).max(1_000).default(1_000),
  before: RunId.optional().describe(
    'The history goes on below the model of this run: the last one of the answer before.',
  ),
})
export type PreviewRequest = z.infer<typeof PreviewRequest>

export const Preview = z.object({
  run: RunId,
  bot: BotId,
  jobType: JobTypeName,
  generation: z.int(),
  verdict: VerdictWord,
  rule: Verdict.shape.rule,
  reasons: z.array(VerdictReason),
  was: VerdictWord.describe('The verdict that was given.'),
  state: ModelState,
})
export type Preview = z.infer<typeof Preview>
