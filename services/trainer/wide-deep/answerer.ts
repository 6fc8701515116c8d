/** A stored model that answers. */

import { classCount } from '../answering/classes.ts'
import { type Answer, answerOf } from '../answering/prediction.ts'
import { badInput } from '../contract/outcome.ts'
import { startBackend } from '../dense/backend.ts'
import { applyHead } from '../dense/head.ts'
import { type Embedder, embedder } from '../embedding/embed.ts'
import { findEncoder, vectorSize } from '../embedding/encoder-package.ts'
import type { Encoding } from '../embedding/encoding.ts'
import { openStore } from '../embedding/vector-store.ts'
import { sumRows } from '../fitting/table.ts'
import { vectorsOf } from '../text/vocabulary.ts'
import { add } from './learner.ts'
import type { StoredModel } from './model.ts'
import { frozenVectors, ngramVectors, type ReadVectors } from './text-vectors.ts'

/** Enough for every thread of the encoder, and few enough for the memory. */
const textsAtOnce = 5000

export type AnswererOptions = {
  cache: string | undefined
  encoding: (folder: string) => Encoding
  log: (line: string) => void
}

export type Answerer = (texts: readonly string[], signal: AbortSignal) => Promise<Answer[]>

export async function answerer(model: StoredModel, options: AnswererOptions): Promise<Answerer> {
  const { classes, calibration, vocabulary, table, weights, vectors } = model
  await startBackend()
  const sentences = 'encoder' in vectors ? embedderFor(vectors.encoder, options) : undefined
  const width = classCount(classes)

  async function answerSome(texts: readonly string[], signal: AbortSignal): Promise<Answer[]> {
    const ngrams = vectorsOf(texts, vocabulary)
    const textVectors: ReadVectors =
      'learnt' in vectors
        ? ngramVectors(ngrams, vectors.learnt)
        : frozenVectors((await sentences?.embed(texts, signal)) ?? new Float32Array(0), vectorSize)
    const logits = new Float32Array(texts.length * width)
    for (const at of texts.keys()) {
      const [from, to] = [ngrams.starts[at] ?? 0, ngrams.starts[at + 1] ?? 0]
      sumRows(table, ngrams.rows, ngrams.values, from, to, logits, at * width)
    }
    add(logits, 0, applyHead(weights, textVectors.of(Int32Array.from(texts.keys()))))
    return texts.map((_, at) => answerOf(logits.subarray(at * width, (at + 1) * width), classes, calibration))
  }

  return async (texts, signal) => {
    const answers: Answer[] = []
    for (let first = 0; first < texts.length; first += textsAtOnce) {
      answers.push(...(await answerSome(texts.slice(first, first + textsAtOnce), signal)))
    }
    return answers
  }
}

function embedderFor(version: string, { cache, encoding, log }: AnswererOptions): Embedder {
  const encoder = findEncoder()
  if (encoder?.version !== version) {
    const here = encoder === undefined ? 'which is not installed here' : `and here is ${encoder.version}`
    throw badInput(`The model was trained on the sentence vectors of ${version}, ${here}: install that version.`)
  }
  return embedder(encoder, encoding(encoder.folder), openStore({ cache, version, nowMs: Date.now, log }))
}
