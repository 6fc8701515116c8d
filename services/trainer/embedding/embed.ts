/** Texts as sentence vectors: what the store doesn't hold is computed, and put there. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EncoderPackage, vectorSize } from './encoder-package.ts'
import type { Encoding } from './encoding.ts'
import { type Tokenize, tokenizer } from './tokenizer.ts'
import type { VectorStore } from './vector-store.ts'

/** Larger batches are no faster. */
const textsPerBatch = 32

export interface Embedder {
  /**
   * The vectors of the texts one behind the other; a text without a word piece has zeros.
   *
   * @param onProgress told now and then how many of the texts that have to be computed are
   */
  embed(
    texts: readonly string[],
    signal: AbortSignal,
    onProgress?: (done: number, of: number) => void,
  ): Promise<Float32Array>
}

export function embedder({ folder }: EncoderPackage, encoding: Encoding, store: VectorStore): Embedder {
  let tokenize: Tokenize | undefined

  return {
    async embed(texts, signal, onProgress = () => {}) {
      const vectors = new Map<string, Float32Array | undefined>()
      for (const text of texts) if (!vectors.has(text)) vectors.set(text, store.read(text))
      const missing = [...vectors.keys()].filter((text) => vectors.get(text) === undefined)
      if (missing.length > 0) {
        tokenize ??= tokenizer(JSON.parse(readFileSync(join(folder, 'vocab.json'), 'utf8')))
        const batches = batchesOf(missing, tokenize)
        let done = 0
        const keep = (index: number, answer: Float32Array): void => {
          const batch = batches[index] ?? []
          for (const [at, { text }] of batch.entries()) {
            const vector = answer.slice(at * vectorSize, (at + 1) * vectorSize)
            vectors.set(text, vector)
            store.write(text, vector)
          }
          done += batch.length
          onProgress(done, missing.length)
        }
        await encoding(
          batches.map((batch) => batch.map(({ pieces }) => pieces)),
          keep,
          signal,
        )
        store.limit()
      }
      const all = new Float32Array(texts.length * vectorSize)
      for (const [at, text] of texts.entries()) {
        const vector = vectors.get(text)
        if (vector !== undefined) all.set(vector, at * vectorSize)
      }
      return all
    },
  }
}

type Tokens = { text: string; pieces: number[] }

/** Texts of equal length together; those without a piece are left out. */
function batchesOf(texts: readonly string[], tokenize: Tokenize): Tokens[][] {
  const byLength = Map.groupBy(
    texts.map((text): Tokens => ({ text, pieces: tokenize(text) })),
    ({ pieces }) => pieces.length,
  )
  byLength.delete(0)
  return [...byLength.values()].flatMap((equal) =>
    Array.from({ length: Math.ceil(equal.length / textsPerBatch) }, (_, batch) =>
      equal.slice(batch * textsPerBatch, (batch + 1) * textsPerBatch),
    ),
  )
}
