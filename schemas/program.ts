/**
 * The training-program contract: what a program in any language reads and writes.
 *
 * Called as `command… train` or `command… predict`, with the folders named in the environment. What is saved in
 * `$TRAINYARD_CHECKPOINT_DIR` before an end with 75 is there for the next attempt, unless the deadline has passed; after a
 * training, what `train` has saved, and nothing that `predict` has, which knows the exam: where `train` has saved nothing,
 * the next attempt begins anew. `$TRAINYARD_CACHE_DIR`, which need not be set and may be empty at any start, is for what
 * spares work: several programs may use it at once, none may rely on it.
 * - train:   reads `$TRAINYARD_INPUT_DIR/spec.json` and `train.jsonl`; writes `$TRAINYARD_OUTPUT_DIR/model/…`
 * - predict: reads `$TRAINYARD_INPUT_DIR/spec.json`, `model/…` and `texts.jsonl`; writes `$TRAINYARD_OUTPUT_DIR/predictions.jsonl`
 */

import { z } from 'zod'
import { Share } from './expectations.ts'
import { BotId, isStorable, JobTypeName, RunId } from './words.ts'

export const contractVersion = 1

/** Exit codes with a meaning; any other but 0 is a crash and costs a retry. */
export const exitCodes = { done: 0, badInput: 10, resumable: 75 } as const

export const inputFiles = { spec: 'spec.json', train: 'train.jsonl', texts: 'texts.jsonl', model: 'model' } as const
export const outputFiles = { model: 'model', predictions: 'predictions.jsonl' } as const

const expectedIntent = 'expected an intent of 1 to 200 characters'
export const Intent = z
  .string({ error: expectedIntent })
  .min(1, { error: expectedIntent })
  .max(200, { error: expectedIntent })
  .refine(isStorable, { error: 'expected an intent without NUL and lone surrogates' })

/** `spec.json`. */
export const ProgramSpec = z.object({
  contractVersion: z.literal(contractVersion),
  bot: BotId,
  jobType: JobTypeName,
  generation: z.int().min(1),
  run: RunId,
  attempt: z.int().min(1).describe('Number of the attempt within the run.'),
  seed: z.int().min(0).describe('The same seed, data and hyperparameters are to give the same model.'),
  timeBudgetSeconds: z.number().positive(),
  hyperparameters: z.record(z.string(), z.json()),
  intents: z.array(Intent).describe('Every intent of the training data, sorted; without out-of-scope.'),
})
export type ProgramSpec = z.infer<typeof ProgramSpec>

/** A line of `train.jsonl`. `intent: null` is an out-of-scope example. */
export const TrainingRow = z.object({ id: z.string(), text: z.string(), intent: Intent.nullable() })
export type TrainingRow = z.infer<typeof TrainingRow>

/** A line of `texts.jsonl`. */
export const ExamText = z.object({ id: z.string(), text: z.string() })
export type ExamText = z.infer<typeof ExamText>

/** The most pairs that `top` of a prediction may hold. */
export const maximumTop = 1000

/** A line of `predictions.jsonl`; every id of `texts.jsonl` exactly once. `intent: null` says out of scope. */
export const Prediction = z.strictObject({
  id: z.string(),
  intent: Intent.nullable(),
  confidence: Share,
  top: z.array(z.tuple([Intent.nullable(), z.number()])).max(maximumTop),
})
export type Prediction = z.infer<typeof Prediction>

/** A line of stdout that is progress; any other line is log. */
export const ProgressLine = z.object({ progress: z.number().min(0).max(1) })
