/** Ends a fit early where nothing more is gained, as the held-out examples tell. */

import type { Schedule } from './schedule.ts'

/** The best accuracy of this round so far, and the epoch that had it first. */
export type Plateau = { best: number; since: number }

/**
 * The end is one more epoch, in which the learning rate falls to nothing as it would have in the end. The later rounds,
 * which learn from other parts of the same data, last just as long.
 */
export function watchAccuracy(
  training: { plateau: Plateau; epochs: number },
  epoch: number,
  accuracy: number,
  { patience = Number.POSITIVE_INFINITY }: Pick<Schedule, 'patience'>,
  log: (line: string) => void,
): void {
  if (accuracy > training.plateau.best) training.plateau = { best: accuracy, since: epoch }
  if (epoch - training.plateau.since < patience || training.epochs <= epoch + 1) return
  log(`No better on held-out examples for ${patience} epochs: ending with epoch ${epoch + 1}.`)
  training.epochs = epoch + 1
}
