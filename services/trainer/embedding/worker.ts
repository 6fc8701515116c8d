/** A thread that runs the encoder: answers each list of equally long lists of word pieces with their vectors. */

import { parentPort, workerData } from 'node:worker_threads'
import { loadEncoder } from './encoder.ts'

const encode = await loadEncoder(workerData.folder)

parentPort?.on('message', async (texts: readonly (readonly number[])[]) => {
  const vectors = await encode(texts)
  parentPort?.postMessage(vectors, [vectors.buffer as ArrayBuffer])
})
