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

import { badInput } from '../contract/outcome.ts'
import type { Spec } from '../contract/spec.ts'
import type { Recipe } from './fit.ts'

export type WideRecipe = Recipe & { outOfScopeShare: number }

type Range = { lowest: number; highest: number; whole: boolean }

const ranges: Readonly<Record<Exclude<keyof WideRecipe, 'seed'>, Range>> = {
  epochs: { lowest: 1, highest: 1000, whole: true },
  batchSize: { lowest: 1, highest: 65_536, whole: true },
  learningRate: { lowest: 1e-6, highest: 1, whole: false },
  labelSmoothing: { lowest: 0, highest: 0.9, whole: false },
  featureDropout: { lowest: 0, highest: 0.9, whole: false },
  outOfScopeShare: { lowest: 0.001, highest: 0.999, whole: false },
}

export function recipeFor(spec: Spec, examples: number): WideRecipe {
  const recipe: WideRecipe = {
    seed: spec.seed,
    epochs: clamp(Math.round(120_000 / examples), 8, 20),
    batchSize: clamp(Math.round(examples / 60), 32, 256),
    learningRate: 0.02,
    labelSmoothing: 0.1,
    featureDropout: 0.4,
    outOfScopeShare: 0.05,
  }
  for (const [name, value] of Object.entries(spec.hyperparameters)) {
    if (!isOverrulable(name)) {
      const known = Object.keys(ranges).join(', ')
      throw badInput(`spec.json: hyperparameters.${name}: wide knows no such hyperparameter, only ${known}.`)
    }
    const { lowest, highest, whole } = ranges[name]
    if (typeof value !== 'number' || value < lowest || value > highest || (whole && !Number.isInteger(value))) {
      const kind = whole ? 'a whole number' : 'a number'
      throw badInput(`spec.json: hyperparameters.${name}: expected ${kind} from ${lowest} to ${highest}.`)
    }
    recipe[name] = value
  }
  return recipe
}

function clamp(value: number, lowest: number, highest: number): number {
  return Math.min(highest, Math.max(lowest, value))
}

function isOverrulable(name: string): name is keyof typeof ranges {
  return Object.hasOwn(ranges, name)
}
