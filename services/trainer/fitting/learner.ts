/** What learns, as a training sees it. */

import type { Draw } from './random.ts'

/** The place of a step in its fit, and what it draws its random numbers from. */
export type Step = { number: number; of: number; draw: Draw }

export interface Learner {
  readonly classes: number
  /** All that it knows between two steps; filled with what a checkpoint kept of it, it goes on from there. */
  readonly arrays: readonly Float32Array[]
  /** Forgets everything, and begins with weights that are a function of what is drawn. */
  begin(draw: Draw): void
  /** Does one step; returns the mean loss over its texts. */
  learn(texts: Int32Array, step: Step): Promise<number> | number
  /** Writes the logits of texts, one behind the other, from `offset`. */
  answer(texts: Int32Array, logits: Float32Array, offset: number): void
}
