/** TensorFlow.js on WebAssembly, which is ten to thirty times as fast here as its JavaScript. */

import '@tensorflow/tfjs-backend-wasm'
import { enableProdMode, ready, setBackend } from '@tensorflow/tfjs-core'

export async function startBackend(): Promise<void> {
  enableProdMode()
  await setBackend('wasm')
  await ready()
}
