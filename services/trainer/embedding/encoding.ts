/** The two ways to run the encoder: here, for a few texts at a time, or in threads, for many. */

import { availableParallelism } from 'node:os'
import type { Encode } from './encoder.ts'
import { shareOut } from './threads.ts'

/** Lists of word pieces, all of one batch equally long. */
export type Batch = number[][]

/** Tells the vectors of each batch as they come, in no order. */
export type Encoding = (
  batches: readonly Batch[],
  onVectors: (batch: number, vectors: Float32Array) => void,
  signal: AbortSignal,
) => Promise<void>

/** More threads than that would want more memory than a training has. */
const mostThreads = 4
/** Enough for a thread to be worth its start. */
const textsPerThread = 100

export function encodingInThreads(folder: string): Encoding {
  return (batches, onVectors, signal) => {
    const texts = batches.reduce((sum, batch) => sum + batch.length, 0)
    const threads = Math.min(availableParallelism(), mostThreads, Math.ceil(texts / textsPerThread))
    return shareOut<Batch, Float32Array>(
      { file: new URL('./worker.ts', import.meta.url), workerData: { folder }, threads },
      batches,
      onVectors,
      signal,
    )
  }
}

/** Loads the encoder with the first batch, and keeps it. */
export function encodingHere(folder: string): Encoding {
  let loading: Promise<Encode> | undefined
  return async (batches, onVectors, signal) => {
    loading ??= import('./encoder.ts').then(({ loadEncoder }) => loadEncoder(folder))
    const encode = await loading
    for (const [index, batch] of batches.entries()) {
      signal.throwIfAborted()
      onVectors(index, await encode(batch))
    }
  }
}
