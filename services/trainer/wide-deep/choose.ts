/**
 * Whether the encoder's vectors are of use for these texts. It speaks English, and a dataset doesn't say its language, so
 * it is measured: each text of a sample is compared to the means of all intents (its own without itself), once by its
 * n-grams and once by its sentence vector. Vectors that tell the language find about as many own intents as n-grams do. A
 * text under a wrong intent is found by neither, so wrong labels take as much from the one as from the other.
 */

import { vectorSize } from '../embedding/encoder-package.ts'
import type { Vectors } from '../text/vocabulary.ts'

/**
 * So much of what n-grams find beyond chance the vectors must find. Texts in English find 0.9 to 1.5 times as many by
 * them, words that mean nothing rarely more than 0.8 times, however many labels are wrong. Of a few dozen texts, either
 * may be anything.
 */
const leastShare = 0.85

export type Sample = { ngrams: Vectors; vectors: Float32Array; classOf: Int32Array; classes: number; rows: number }

/** How many of the texts find their own intent. */
export type Choice = { useful: boolean; texts: number; byNgrams: number; byVectors: number }

export function choose(sample: Sample): Choice {
  const { classOf, classes } = sample
  const texts = classOf.length
  const byNgrams = found(sample, ngramsOf(sample.ngrams), sample.rows)
  const byVectors = found(sample, sentenceOf(sample.vectors), vectorSize)
  const beyondChance = (count: number): number => Math.max(0, count - texts / classes)
  return { useful: beyondChance(byVectors) > leastShare * beyondChance(byNgrams), texts, byNgrams, byVectors }
}

/** Calls with each number of a text's vector that is not 0. */
type Entries = (text: number, see: (row: number, value: number) => void) => void

function ngramsOf({ starts, rows, values }: Vectors): Entries {
  return (text, see) => {
    for (let at = starts[text] ?? 0; at < (starts[text + 1] ?? 0); at += 1) see(rows[at] ?? 0, values[at] ?? 0)
  }
}

function sentenceOf(vectors: Float32Array): Entries {
  return (text, see) => {
    for (let at = 0; at < vectorSize; at += 1) see(at, vectors[text * vectorSize + at] ?? 0)
  }
}

/** How many texts are nearer to their own class than to any other. */
function found(sample: Sample, entries: Entries, rows: number): number {
  return nearness(sample, entries, rows).filter((near, text) => {
    const own = sample.classOf[text]
    return near.every((one, c) => c === own || one < (near[own ?? 0] ?? 0))
  }).length
}

/** Per text the cosine with each class's sum, the own class's without the text; 0 where nothing is left to compare. */
function nearness({ classOf, classes }: Sample, entries: Entries, rows: number): Float64Array[] {
  const sums = new Float32Array(rows * classes)
  const lengths = new Float64Array(classes)
  for (const [text, own] of classOf.entries()) {
    entries(text, (row, value) => {
      sums[row * classes + own] = (sums[row * classes + own] ?? 0) + value
    })
  }
  for (let cell = 0; cell < sums.length; cell += 1) {
    lengths[cell % classes] = (lengths[cell % classes] ?? 0) + (sums[cell] ?? 0) ** 2
  }
  return Array.from(classOf, (own, text) => {
    const products = new Float64Array(classes)
    let square = 0
    entries(text, (row, value) => {
      square += value * value
      for (let c = 0; c < classes; c += 1) products[c] = (products[c] ?? 0) + value * (sums[row * classes + c] ?? 0)
    })
    return products.map((product, c) => {
      const rest = c === own ? product - square : product
      const length = (lengths[c] ?? 0) - (c === own ? 2 * product - square : 0)
      return length > tiny && square > tiny ? rest / Math.sqrt(length * square) : 0
    })
  })
}

const tiny = 1e-9
