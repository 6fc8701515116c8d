/** The encoder's vectors of all texts, where there is an encoder and it helps. */

import { log } from '../contract/report.ts'
import { embedder } from '../embedding/embed.ts'
import { findEncoder } from '../embedding/encoder-package.ts'
import { encodingInThreads } from '../embedding/encoding.ts'
import { openStore } from '../embedding/vector-store.ts'
import { pick, type Vectors } from '../text/vocabulary.ts'
import { choose } from './choose.ts'

export type Question = {
  texts: readonly string[]
  ngrams: Vectors
  rows: number
  classOf: Int32Array
  classes: number
  cache: string | undefined
  stop: AbortSignal
}

/** Enough to tell whether the encoder helps. */
const sampleSize = 1500

export async function sentenceVectors({
  texts,
  ngrams,
  rows,
  classOf,
  classes,
  cache,
  stop,
}: Question): Promise<{ vectors: Float32Array; encoder: string } | undefined> {
  const encoder = findEncoder()
  if (encoder === undefined) {
    log('the package of the sentence encoder is not installed: learning vectors of n-grams instead')
    return undefined
  }
  const store = openStore({ cache, version: encoder.version, nowMs: Date.now, log })
  const sentences = embedder(encoder, encodingInThreads(encoder.folder), store)

  const every = Math.ceil(texts.length / sampleSize)
  const sample = Int32Array.from(texts.keys()).filter((text) => text % every === 0)
  const { useful, gain } = choose({
    ngrams: pick(ngrams, sample),
    vectors: await sentences.embed(
      Array.from(sample, (text) => texts[text] ?? ''),
      stop,
    ),
    classOf: sample.map((text) => classOf[text] ?? 0),
    classes,
    rows,
  })
  const measured = `sentence vectors make the right intent ${gain < 0 ? 'less' : 'more'} likely, by ${Math.abs(gain).toFixed(2)} nats a text`
  if (!useful) {
    log(`${measured}, so it is not the encoder's language: learning vectors of n-grams instead`)
    return undefined
  }
  log(`${measured}: using those of ${encoder.version}`)
  return { vectors: await sentences.embed(texts, stop), encoder: encoder.version }
}
