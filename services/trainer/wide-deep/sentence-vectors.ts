/** The encoder's vectors of all texts, where there is an encoder and it helps. */

import type { Folders } from '../contract/folders.ts'
import { resumable } from '../contract/outcome.ts'
import { log } from '../contract/report.ts'
import { type Embedder, embedder } from '../embedding/embed.ts'
import { findEncoder } from '../embedding/encoder-package.ts'
import { encodingInThreads } from '../embedding/encoding.ts'
import { savedVectors } from '../embedding/saved-vectors.ts'
import { openStore } from '../embedding/vector-store.ts'
import { pick, type Vectors } from '../text/vocabulary.ts'
import { type Choice, choose } from './choose.ts'

export type Material = {
  texts: readonly string[]
  ngrams: Vectors
  /** Of the table of n-grams. */
  rows: number
  classOf: Int32Array
  classes: number
}

export type SentenceVectors = {
  vectors: Float32Array
  encoder: string
  /** Saves them in the checkpoint folder. */
  save(): void
}

/** Enough to tell whether the encoder helps. */
const sampleSize = 1500
// A longer timer would fire at once.
const longestTimerMs = 2 ** 31 - 1
/** The part of the time budget that they may take. */
const budgetShare = 0.5
/** So many texts are told of at a time. */
const toldTexts = 2500

export async function sentenceVectors(
  material: Material,
  folders: Folders,
  { stop, budgetSeconds }: { stop: AbortSignal; budgetSeconds: number },
): Promise<SentenceVectors | undefined> {
  const encoder = findEncoder()
  if (encoder === undefined) {
    log('the package of the sentence encoder is not installed: learning vectors of n-grams instead')
    return undefined
  }
  const { version, folder } = encoder
  const store = savedVectors(
    folders.checkpoint,
    version,
    openStore({ cache: folders.cache, version, nowMs: Date.now, log }),
  )
  const sentences = embedder(encoder, encodingInThreads(folder), store)
  log(`trying the sentence vectors of ${version}`)
  const late = AbortSignal.timeout(Math.min(longestTimerMs, budgetSeconds * budgetShare * 1000))
  const signal = AbortSignal.any([stop, late])
  try {
    const choice = await tryOut(material, sentences, signal)
    log(`${inWords(choice)}: ${choice.useful ? `using those of ${version}` : 'learning vectors of n-grams instead'}`)
    if (!choice.useful) return undefined
    const vectors = await sentences.embed(material.texts, signal, tellProgress())
    return { vectors, encoder: version, save: store.save }
  } catch (error) {
    if (stop.aborted) {
      store.save()
      throw resumable('Stopped by SIGTERM among the sentence vectors; saved in the checkpoint folder, to be resumed.')
    }
    if (!late.aborted) throw error
    log(`sentence vectors take too long for a time budget of ${budgetSeconds} s: learning vectors of n-grams instead`)
    return undefined
  }
}

async function tryOut(material: Material, sentences: Embedder, signal: AbortSignal): Promise<Choice> {
  const { texts, ngrams, classOf } = material
  const every = Math.ceil(texts.length / sampleSize)
  const sample = Int32Array.from(texts.keys()).filter((text) => text % every === 0)
  const sampleTexts = Array.from(sample, (text) => texts[text] ?? '')
  return choose({
    ...material,
    ngrams: pick(ngrams, sample),
    vectors: await sentences.embed(sampleTexts, signal),
    classOf: sample.map((text) => classOf[text] ?? 0),
  })
}

function inWords({ texts, byNgrams, byVectors }: Choice): string {
  return `of ${texts} texts, ${byVectors} find their intent by sentence vectors and ${byNgrams} by n-grams`
}

function tellProgress(): (done: number, of: number) => void {
  let told = 0
  return (done, of) => {
    if (done < told + toldTexts && done < of) return
    told = done
    log(`${done} of ${of} sentence vectors computed`)
  }
}
