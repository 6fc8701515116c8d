/**
 * Fitting a network, batch by batch. Only the rows of n-grams that a batch holds are updated, each with a gradient that
 * is used as soon as it is summed, so the whole gradient is never stored.
 *
 * A `Fit` is all that a training knows between two batches: weights, moments and the number of steps done. Everything
 * drawn at random is a function of seed, round and step, so going on from a stored `Fit` gives the same bytes as never
 * having stopped.
 */

import { descend, emptyMoments, type Moments, rateAt, strideOf } from './adam.ts'
import { drainRow, emptyBatch, fillBatch } from './batch.ts'
import { emptyNetwork, logitsOf, type Network } from './network.ts'
import { shuffle, stream } from './random.ts'
import type { Vectors } from './vocabulary.ts'

export type Recipe = {
  seed: number
  epochs: number
  batchSize: number
  learningRate: number
  labelSmoothing: number
  featureDropout: number
}

export type Fit = { network: Network; tableMoments: Moments; biasMoments: Moments; steps: number }

export function emptyFit(rows: number, classes: number): Fit {
  return {
    network: emptyNetwork(rows, classes),
    tableMoments: emptyMoments(rows * classes),
    biasMoments: emptyMoments(classes),
    steps: 0,
  }
}

export function clearFit(fit: Fit): void {
  for (const values of arraysOf(fit)) values.fill(0)
  fit.steps = 0
}

/** The arrays of a fit, in the order in which a checkpoint keeps them. */
export function arraysOf({ network, tableMoments, biasMoments }: Fit): readonly Float32Array[] {
  return [network.table, network.bias, tableMoments.mean, tableMoments.square, biasMoments.mean, biasMoments.square]
}

/** What to fit: all texts with their classes, the texts to learn from, and a number that sets this fit's draws apart. */
export type Task = { vectors: Vectors; classOf: Int32Array; texts: Int32Array; round: number }

export function stepsPerEpoch(task: Task, recipe: Recipe): number {
  return Math.ceil(task.texts.length / recipe.batchSize)
}

/** Does the next step of so many in all; returns the mean loss of its batch. */
export type Stepper = (steps: number) => number

export function stepper(fit: Fit, task: Task, recipe: Recipe): Stepper {
  const { classes, table, bias } = fit.network
  const perEpoch = stepsPerEpoch(task, recipe)
  const order = new Int32Array(task.texts.length)
  const batch = emptyBatch(table.length / classes)
  const errors = new Float32Array(Math.min(recipe.batchSize, order.length) * classes)
  const gradient = new Float32Array(classes)
  let orderedEpoch = -1

  return (steps) => {
    const epoch = Math.floor(fit.steps / perEpoch)
    if (epoch !== orderedEpoch) {
      order.set(task.texts)
      shuffle(order, stream(recipe.seed, task.round, epoch))
      orderedEpoch = epoch
    }
    const first = (fit.steps % perEpoch) * recipe.batchSize
    const texts = order.subarray(first, first + recipe.batchSize)
    fit.steps += 1
    fillBatch(batch, task.vectors, texts, recipe.featureDropout, stream(recipe.seed, task.round, epoch, fit.steps))

    let loss = 0
    for (let at = 0; at < texts.length; at += 1) {
      const from = batch.starts[at] ?? 0
      const to = batch.starts[at + 1] ?? 0
      logitsOf(fit.network, batch.rows, batch.values, from, to, errors, at * classes)
      const right = task.classOf[texts[at] ?? 0] ?? 0
      loss += toErrors(errors, at * classes, classes, right, recipe.labelSmoothing, texts.length)
    }
    const stride = strideOf(fit.steps, rateAt(fit.steps, steps, recipe.learningRate))
    for (let touched = 0; touched < batch.touchedCount; touched += 1) {
      const row = batch.touched[touched] ?? 0
      drainRow(batch, row, errors, gradient)
      descend(table, fit.tableMoments, row * classes, gradient, stride)
    }
    gradient.fill(0)
    for (let at = 0; at < texts.length * classes; at += 1) {
      gradient[at % classes] = (gradient[at % classes] ?? 0) + (errors[at] ?? 0)
    }
    descend(bias, fit.biasMoments, 0, gradient, stride)
    return loss / texts.length
  }
}

/** Turns one text's logits into the gradient of the batch's mean loss over them, in place; returns the text's loss. */
function toErrors(
  logits: Float32Array,
  offset: number,
  classes: number,
  right: number,
  smoothing: number,
  texts: number,
): number {
  let highest = Number.NEGATIVE_INFINITY
  for (let c = 0; c < classes; c += 1) highest = Math.max(highest, logits[offset + c] ?? 0)
  const loss = -((logits[offset + right] ?? 0) - highest)
  let sum = 0
  for (let c = 0; c < classes; c += 1) {
    const exponential = Math.exp((logits[offset + c] ?? 0) - highest)
    logits[offset + c] = exponential
    sum += exponential
  }
  const factor = 1 / (sum * texts)
  const elsewhere = smoothing / (classes * texts)
  for (let c = 0; c < classes; c += 1) logits[offset + c] = (logits[offset + c] ?? 0) * factor - elsewhere
  logits[offset + right] = (logits[offset + right] ?? 0) - (1 - smoothing) / texts
  return loss + Math.log(sum)
}
