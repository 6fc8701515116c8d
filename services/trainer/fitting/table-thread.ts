/**
 * A table that learns in a thread of its own, while the dense head, which takes about as long, learns in the caller's. Both
 * see the same memory; a question and its answer only say whose turn it is, so the outcome doesn't depend on who is faster.
 */

import { Worker } from 'node:worker_threads'
import type { Memory } from '../kernels/room.ts'
import type { Vectors } from '../text/vocabulary.ts'
import type { Stride } from './adam.ts'
import type { Table } from './table.ts'
import { type TableSize, tableLayer, tableMemory } from './table-layer.ts'

export type Task = TableSize & { vectors: Vectors; dropout: number }

/** What the thread is given. */
export type ThreadTask = Task & { memory: Memory }

/** The seed is what the n-grams that are left out are drawn from. */
export type Question = { forward: { texts: Int32Array; seed: number } } | { backward: Stride }

/** As `TableLayer`, whose memory is only to be read or written between a call's end and the next call. */
export interface TableThread {
  readonly table: Table
  readonly arrays: readonly Float32Array[]
  readonly sums: Float32Array
  forward(texts: Int32Array, seed: number): Promise<void>
  backward(stride: Stride): Promise<void>
  /** Ends the thread; what was learnt stays. */
  close(): Promise<void>
}

export function tableThread(task: Task): TableThread {
  const memory = tableMemory(task)
  const { table, arrays, sums } = tableLayer(task, memory)
  const workerData: ThreadTask = { ...task, memory }
  const worker = new Worker(new URL('./table-worker.ts', import.meta.url), { workerData })
  let failure: unknown
  let answer = Promise.withResolvers<void>()
  // It may fail between two questions, when nobody waits.
  answer.promise.catch(() => {})
  const fail = (error: unknown): void => {
    failure ??= error
    answer.reject(failure)
  }
  worker.on('message', () => answer.resolve())
  worker.once('error', fail)
  worker.once('exit', (code) => fail(new Error(`the thread of the table ended with ${code} before its work was done`)))

  const ask = (question: Question): Promise<void> => {
    answer = Promise.withResolvers<void>()
    answer.promise.catch(() => {})
    if (failure === undefined) worker.postMessage(question)
    else answer.reject(failure)
    return answer.promise
  }

  return {
    table,
    arrays,
    sums,
    // A copy, for of a part of an array the whole would be sent.
    forward: (texts, seed) => ask({ forward: { texts: texts.slice(), seed } }),
    backward: (stride) => ask({ backward: stride }),
    async close() {
      await worker.terminate()
    },
  }
}
