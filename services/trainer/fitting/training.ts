/**
 * A whole training: the rounds of `rounds.ts` one after the other, each a fit from the beginning; it can be stopped
 * between any two steps and gone on with later.
 *
 * `Training` is its state: what the learner knows, which round, how many steps of it are done, the logits of examples held
 * out so far, and how many epochs a fit lasts. Everything drawn at random is a function of seed, round and step, so going
 * on from a stored state gives the same bytes as never having stopped.
 *
 * The epochs are the recipe's, and then the result is a function of data and recipe alone. They shrink when nothing more
 * is gained (of which the same holds), and when the time budget does not suffice.
 */

import type { Learner } from './learner.ts'
import { paceKeeper } from './pace.ts'
import { type Plateau, watchAccuracy } from './plateau.ts'
import { stream } from './random.ts'
import type { Round } from './rounds.ts'
import { batchesOf, type Schedule, stepsOf, stepsPerEpoch } from './schedule.ts'

export type Lesson = { classOf: Int32Array; rounds: readonly Round[] }

export type Training = {
  learner: Learner
  round: number
  steps: number
  epochs: number
  plateau: Plateau
  /** One behind the other, in the order of rounds and, within one, of `heldOut`. */
  heldOutLogits: Float32Array
}

export type Progress = {
  done: number
  round: number
  rounds: number
  epoch: number
  epochs: number
  /** Mean of the epoch's steps. */
  loss: number
  /** Share of the held-out examples that are answered rightly; undefined in the last round, which holds none out. */
  accuracy: number | undefined
  secondsLeft: number
}

/** What a training asks of the world around it. */
export type Surroundings = {
  /** Between two steps: lets signals arrive, and tells whether to stop here. */
  shouldStop(): Promise<boolean>
  elapsedSeconds(): number
  budgetSeconds: number
  report(progress: Progress): void
  log(line: string): void
}

export function beginTraining(learner: Learner, { rounds }: Lesson, schedule: Schedule): Training {
  const heldOut = rounds.reduce((sum, round) => sum + round.heldOut.length, 0)
  learner.begin(stream(schedule.seed, 0))
  return {
    learner,
    round: 0,
    steps: 0,
    epochs: schedule.epochs,
    plateau: { best: 0, since: 0 },
    heldOutLogits: new Float32Array(heldOut * learner.classes),
  }
}

/** Goes on until the last round is fitted, or until it should stop. */
export async function proceed(
  training: Training,
  lesson: Lesson,
  schedule: Schedule,
  surroundings: Surroundings,
): Promise<'finished' | 'stopped'> {
  const { rounds } = lesson
  const { learner } = training
  const pace = paceKeeper(training, rounds, schedule, surroundings)
  let losses: number[] = []
  for (let round = rounds[training.round]; round !== undefined; round = rounds[training.round]) {
    const perEpoch = stepsPerEpoch(round, schedule)
    const batches = batchesOf(round, training.round, schedule)
    while (training.steps < stepsOf(round, schedule, training.epochs)) {
      if (await surroundings.shouldStop()) return 'stopped'
      const of = stepsOf(round, schedule, training.epochs)
      const texts = batches(training.steps)
      const epochsBefore = Math.floor(training.steps / perEpoch)
      training.steps += 1
      const draw = stream(schedule.seed, training.round, epochsBefore, training.steps)
      losses.push(await learner.learn(texts, { number: training.steps, of, draw }))
      pace.stepped()
      if (training.steps % perEpoch !== 0) continue
      const epoch = training.steps / perEpoch
      const accuracy = round.heldOut.length === 0 ? undefined : accuracyOf(learner, round.heldOut, lesson.classOf)
      if (accuracy !== undefined) watchAccuracy(training, epoch, accuracy, schedule, surroundings.log)
      surroundings.report({
        done: pace.done(),
        round: training.round + 1,
        rounds: rounds.length,
        epoch,
        epochs: training.epochs,
        loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
        accuracy,
        secondsLeft: pace.secondsLeft(),
      })
      losses = []
    }
    if (training.round === rounds.length - 1) return 'finished'
    const before = rounds.slice(0, training.round).reduce((sum, earlier) => sum + earlier.heldOut.length, 0)
    learner.answer(round.heldOut, training.heldOutLogits, before * learner.classes)
    training.round += 1
    training.steps = 0
    training.plateau = { best: 0, since: 0 }
    learner.begin(stream(schedule.seed, training.round))
  }
  return 'finished'
}

function accuracyOf({ classes, answer }: Learner, texts: Int32Array, classOf: Int32Array): number {
  const logits = new Float32Array(texts.length * classes)
  answer(texts, logits, 0)
  let right = 0
  for (const [at, text] of texts.entries()) {
    const own = logits.subarray(at * classes, (at + 1) * classes)
    if (own.indexOf(Math.max(...own)) === classOf[text]) right += 1
  }
  return right / texts.length
}
