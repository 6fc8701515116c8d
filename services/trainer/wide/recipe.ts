/**
 * The recipe of a training: defaults by the number of examples, overruled by the job type's hyperparameters.
 *
 * | hyperparameter    | default                              | meaning                                          |
 * |-------------------|--------------------------------------|--------------------------------------------------|
 * | `epochs`          | 120,000 / examples, from 8 to 20     | times that a fit sees every example              |
 * | `batchSize`       | a 60th of the examples, 32 to 256    | examples per step                                |
 * | `learningRate`    | 0.02                                 | highest rate of Adam                             |
 * | `labelSmoothing`  | 0.1                                  | probability spread over all classes              |
 * | `featureDropout`  | 0.4                                  | share of n-grams left out of each text at random |
 * | `outOfScopeShare` | 0.05                                 | share of out-of-scope texts to expect in use     |
 */

import { overrule, type Range } from '../contract/hyperparameters.ts'
import type { Spec } from '../contract/spec.ts'

export type WideRecipe = { seed: number } & Record<keyof typeof ranges, number>

const ranges = {
  epochs: { lowest: 1, highest: 1000, whole: true },
  batchSize: { lowest: 1, highest: 65_536, whole: true },
  learningRate: { lowest: 1e-6, highest: 1, whole: false },
  labelSmoothing: { lowest: 0, highest: 0.9, whole: false },
  featureDropout: { lowest: 0, highest: 0.9, whole: false },
  outOfScopeShare: { lowest: 0.001, highest: 0.999, whole: false },
} as const satisfies Readonly<Record<string, Range>>

export function recipeFor({ seed, hyperparameters }: Spec, examples: number): WideRecipe {
  const defaults = {
    epochs: clamp(Math.round(120_000 / examples), 8, 20),
    batchSize: clamp(Math.round(examples / 60), 32, 256),
    learningRate: 0.02,
    labelSmoothing: 0.1,
    featureDropout: 0.4,
    outOfScopeShare: 0.05,
  }
  return { seed, ...overrule('wide', defaults, ranges, hyperparameters) }
}

function clamp(value: number, lowest: number, highest: number): number {
  return Math.min(highest, Math.max(lowest, value))
}
