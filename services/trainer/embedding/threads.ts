/** Shares jobs out among threads; each thread takes the next when it has answered the last. */

import { Worker } from 'node:worker_threads'

export type Threads = { file: URL; workerData: unknown; threads: number }

/**
 * @param onAnswer told of each answer as it comes, in no order
 * @throws what a thread threw, and the reason of the signal when it is aborted; the threads are gone either way
 */
export async function shareOut<Question, Answer>(
  { file, workerData, threads }: Threads,
  questions: readonly Question[],
  onAnswer: (index: number, answer: Answer) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  let next = 0
  const workers = Array.from({ length: Math.min(threads, questions.length) }, () => new Worker(file, { workerData }))
  const stopped = Promise.withResolvers<never>()
  const stop = (): void => stopped.reject(signal.reason)
  signal.addEventListener('abort', stop)
  try {
    const finished = workers.map((worker) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      let asked = -1
      const ask = (): void => {
        asked = next
        next += 1
        if (asked < questions.length) worker.postMessage(questions[asked])
        else resolve()
      }
      worker.on('message', (answer: Answer) => {
        onAnswer(asked, answer)
        ask()
      })
      worker.once('error', reject)
      worker.once('exit', (code) => reject(new Error(`a thread ended with ${code} before its work was done`)))
      ask()
      return promise
    })
    await Promise.race([Promise.all(finished), stopped.promise])
  } finally {
    signal.removeEventListener('abort', stop)
    stopped.promise.catch(() => {})
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
