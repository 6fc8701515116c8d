/** The thread of `table-thread.ts`: answers each question when the shared memory holds what it asked for. */

import { parentPort, workerData } from 'node:worker_threads'
import { stream } from './random.ts'
import { tableLayer } from './table-layer.ts'
import type { Question, ThreadTask } from './table-thread.ts'

const { memory, vectors, dropout, ...size }: ThreadTask = workerData
const layer = tableLayer(size, memory)

parentPort?.on('message', (question: Question) => {
  if ('forward' in question) layer.forward(vectors, question.forward.texts, dropout, stream(question.forward.seed))
  else layer.backward(question.backward)
  parentPort?.postMessage('done')
})
