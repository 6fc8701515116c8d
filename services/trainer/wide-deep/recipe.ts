/**
 * The recipe of a training: defaults by the number of examples, overruled by the job type's hyperparameters.
 *
 * | hyperparameter     | default                           | meaning                                                   |
 * |--------------------|-----------------------------------|-----------------------------------------------------------|
 * | `epochs`           | 8 to 16, fewer for more examples  | times that a fit sees every example                       |
 * | `batchSize`        | a 60th of the examples, 32 to 256 | examples per step                                         |
 * | `hidden`           | 512, of few examples 256          | width of the hidden layer                                 |
 * | `wideLearningRate` | 0.01                              | highest rate of Adam, for the n-grams                     |
 * | `deepLearningRate` | 0.004                             | highest rate of Adam, for the dense head                  |
 * | `labelSmoothing`   | 0.1                               | probability spread over all classes                       |
 * | `featureDropout`   | 0.2                               | share of n-grams left out of each text at random          |
 * | `inputDropout`     | 0.1                               | share of a sentence vector left out at random             |
 * | `hiddenDropout`    | 0.4                               | share of the hidden layer left out at random              |
 * | `outOfScopeShare`  | 0.05                              | share of out-of-scope texts to expect in use              |
 * | `patience`         | 4                                 | epochs without a gain on held-out examples that end a fit |
 */

import { overrule, type Range } from '../contract/hyperparameters.ts'
import type { Spec } from '../contract/spec.ts'

export type Recipe = { seed: number } & Record<keyof typeof ranges, number>

const ranges = {
  epochs: { lowest: 1, highest: 1000, whole: true },
  batchSize: { lowest: 1, highest: 65_536, whole: true },
  hidden: { lowest: 8, highest: 4096, whole: true },
  wideLearningRate: { lowest: 1e-6, highest: 1, whole: false },
  deepLearningRate: { lowest: 1e-6, highest: 1, whole: false },
  labelSmoothing: { lowest: 0, highest: 0.9, whole: false },
  featureDropout: { lowest: 0, highest: 0.9, whole: false },
  inputDropout: { lowest: 0, highest: 0.9, whole: false },
  hiddenDropout: { lowest: 0, highest: 0.9, whole: false },
  outOfScopeShare: { lowest: 0.001, highest: 0.999, whole: false },
  patience: { lowest: 1, highest: 1000, whole: true },
} as const satisfies Readonly<Record<string, Range>>

export function recipeFor({ seed, hyperparameters }: Spec, examples: number): Recipe {
  const defaults = {
    epochs: clamp(Math.round(60_000 / examples), 8, 16),
    batchSize: clamp(Math.round(examples / 60), 32, 256),
    hidden: examples < 4000 ? 256 : 512,
    wideLearningRate: 0.01,
    deepLearningRate: 0.004,
    labelSmoothing: 0.1,
    featureDropout: 0.2,
    inputDropout: 0.1,
    hiddenDropout: 0.4,
    outOfScopeShare: 0.05,
    patience: 4,
  }
  return { seed, ...overrule('wide-deep', defaults, ranges, hyperparameters) }
}

function clamp(value: number, lowest: number, highest: number): number {
  return Math.min(highest, Math.max(lowest, value))
}
