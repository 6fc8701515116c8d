/** Knows how much of a training is done, and shortens its fits when the rest would not fit into the time budget. */

import type { Round } from './rounds.ts'
import { type Schedule, stepsPerEpoch } from './schedule.ts'
import type { Surroundings, Training } from './training.ts'

/** The part of the budget for fitting; the rest is for calibrating and writing. */
const fittingShare = 0.85
/** Room to spare after shortening, so that a little jitter doesn't shorten again and again. */
const slack = 0.95
/** Often enough for a short budget, and too seldom for one slow step to be taken for the rule. */
const stepsBetweenLooks = 32

export interface Pace {
  /** From 0 to 1. */
  done(): number
  secondsLeft(): number
  /** To be told of each step. */
  stepped(): void
}

export function paceKeeper(
  training: Training,
  rounds: readonly Round[],
  schedule: Schedule,
  surroundings: Surroundings,
): Pace {
  const perEpoch = rounds.map((round) => stepsPerEpoch(round, schedule))
  const startedAt = surroundings.elapsedSeconds()
  let stepped = 0
  /** Steps per epoch of this round and the later ones together. */
  const ahead = (): number => perEpoch.slice(training.round).reduce((sum, steps) => sum + steps, 0)
  const remaining = (): number => Math.max(0, training.epochs * ahead() - training.steps)
  const secondsPerStep = (): number => (surroundings.elapsedSeconds() - startedAt) / Math.max(1, stepped)
  let furthest = 0

  return {
    done() {
      const all = training.epochs * perEpoch.reduce((sum, steps) => sum + steps, 0)
      furthest = Math.max(furthest, 1 - remaining() / all)
      return furthest
    },
    secondsLeft: () => remaining() * secondsPerStep(),
    stepped() {
      stepped += 1
      const left = surroundings.budgetSeconds * fittingShare - surroundings.elapsedSeconds()
      if (stepped % stepsBetweenLooks !== 0 && left > 0) return
      const affordable = Math.max(0, left) / secondsPerStep()
      if (remaining() <= affordable) return
      const shortest = training.steps / (perEpoch[training.round] ?? 1)
      const epochs = Math.max(shortest, (training.steps + affordable * slack) / ahead())
      surroundings.log(
        `The time budget of ${surroundings.budgetSeconds} s is too short for ${training.epochs.toFixed(1)} epochs: ` +
          `going on with ${epochs.toFixed(1)}.`,
      )
      training.epochs = epochs
    },
  }
}
