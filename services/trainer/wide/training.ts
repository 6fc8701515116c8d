/**
 * A whole training: the rounds of `rounds.ts` one after the other, each a fit from empty; it can be stopped between
 * any two steps and gone on with later.
 *
 * `Training` is its state: which round, how far its fit is, the logits of examples held out so far, and how many epochs
 * a fit lasts. The epochs are the recipe's as long as the time budget suffices, and then the result is a function of
 * data and recipe alone. They shrink when it does not.
 */

import { clearFit, emptyFit, type Fit, type Recipe, stepper, stepsPerEpoch, type Task } from './fit.ts'
import { logitsOf } from './network.ts'
import type { Round } from './rounds.ts'
import type { Vectors } from './vocabulary.ts'

export type Lesson = { vectors: Vectors; classOf: Int32Array; classes: number; rows: number; rounds: readonly Round[] }

export type Training = {
  fit: Fit
  round: number
  epochs: number
  /** One behind the other, in the order of rounds and, within one, of `heldOut`. */
  heldOutLogits: Float32Array
}

/** What a training asks of the world around it. */
export type Surroundings = {
  /** Between two steps: lets signals arrive, and tells whether to stop here. */
  shouldStop(): Promise<boolean>
  elapsedSeconds(): number
  budgetSeconds: number
  report(progress: { done: number; round: number; rounds: number; epoch: number; epochs: number; loss: number }): void
  log(line: string): void
}

export function beginTraining(lesson: Lesson, recipe: Recipe): Training {
  const heldOut = lesson.rounds.reduce((sum, round) => sum + round.heldOut.length, 0)
  return {
    fit: emptyFit(lesson.rows, lesson.classes),
    round: 0,
    epochs: recipe.epochs,
    heldOutLogits: new Float32Array(heldOut * lesson.classes),
  }
}

/** Goes on until the last round is fitted, or until it should stop. */
export async function proceed(
  training: Training,
  lesson: Lesson,
  recipe: Recipe,
  surroundings: Surroundings,
): Promise<'finished' | 'stopped'> {
  const { rounds } = lesson
  const pace = paceKeeper(training, lesson, recipe, surroundings)
  for (let round = rounds[training.round]; round !== undefined; round = rounds[training.round]) {
    const task = taskOf(lesson, training.round)
    const perEpoch = stepsPerEpoch(task, recipe)
    const step = stepper(training.fit, task, recipe)
    while (training.fit.steps < stepsOf(task, recipe, training.epochs)) {
      if (await surroundings.shouldStop()) return 'stopped'
      const loss = step(stepsOf(task, recipe, training.epochs))
      pace.stepped()
      if (training.fit.steps % perEpoch === 0) {
        surroundings.report({
          done: pace.done(),
          round: training.round + 1,
          rounds: rounds.length,
          epoch: training.fit.steps / perEpoch,
          epochs: training.epochs,
          loss,
        })
      }
    }
    if (training.round === rounds.length - 1) return 'finished'
    recordHeldOut(training, lesson, round)
    clearFit(training.fit)
    training.round += 1
  }
  return 'finished'
}

function taskOf(lesson: Lesson, round: number): Task {
  return {
    vectors: lesson.vectors,
    classOf: lesson.classOf,
    texts: lesson.rounds[round]?.texts ?? new Int32Array(0),
    round,
  }
}

function stepsOf(task: Task, recipe: Recipe, epochs: number): number {
  return Math.max(1, Math.round(epochs * stepsPerEpoch(task, recipe)))
}

function recordHeldOut(training: Training, { vectors, rounds, classes }: Lesson, round: Round): void {
  const before = rounds.slice(0, training.round).reduce((sum, earlier) => sum + earlier.heldOut.length, 0)
  for (const [at, text] of round.heldOut.entries()) {
    const from = vectors.starts[text] ?? 0
    const to = vectors.starts[text + 1] ?? 0
    const offset = (before + at) * classes
    logitsOf(training.fit.network, vectors.rows, vectors.values, from, to, training.heldOutLogits, offset)
  }
}

/** The part of the budget for fitting; the rest is for reading, calibrating and writing. */
const fittingShare = 0.85
/** Room to spare after shortening, so that a little jitter doesn't shorten again and again. */
const slack = 0.95
/** Often enough for a short budget, and too seldom for one slow step to be taken for the rule. */
const stepsBetweenLooks = 32

/** Knows how much of the work is done, and shortens the fits when the rest would not fit into the time budget. */
function paceKeeper(training: Training, lesson: Lesson, recipe: Recipe, surroundings: Surroundings) {
  const perEpoch = lesson.rounds.map((_, round) => stepsPerEpoch(taskOf(lesson, round), recipe))
  const startedAt = surroundings.elapsedSeconds()
  let stepped = 0
  /** Steps per epoch of this round and the later ones together. */
  const ahead = (): number => perEpoch.slice(training.round).reduce((sum, steps) => sum + steps, 0)
  const remaining = (): number => Math.max(0, training.epochs * ahead() - training.fit.steps)

  return {
    done(): number {
      const all = training.epochs * perEpoch.reduce((sum, steps) => sum + steps, 0)
      return 1 - remaining() / all
    },
    stepped(): void {
      stepped += 1
      if (stepped % stepsBetweenLooks !== 0) return
      const now = surroundings.elapsedSeconds()
      const secondsPerStep = (now - startedAt) / stepped
      const affordable = Math.max(0, surroundings.budgetSeconds * fittingShare - now) / secondsPerStep
      if (remaining() <= affordable) return
      const shortest = training.fit.steps / (perEpoch[training.round] ?? 1)
      const epochs = Math.max(shortest, (training.fit.steps + affordable * slack) / ahead())
      surroundings.log(
        `The time budget of ${surroundings.budgetSeconds} s is too short for ${training.epochs.toFixed(1)} epochs: ` +
          `going on with ${epochs.toFixed(1)}.`,
      )
      training.epochs = epochs
    },
  }
}
