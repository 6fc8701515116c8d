/**
 * Whether the encoder's vectors are of use for these texts. It speaks English, and a dataset doesn't say its language, so
 * it is measured: each text of a sample is compared to the means of all intents (its own without itself), by its n-grams
 * alone and together with its sentence vector. Where the vectors don't make the own intent likelier, they are of no use.
 */

import { vectorSize } from '../embedding/encoder-package.ts'
import type { Vectors } from '../text/vocabulary.ts'

/** What part of the doubt the vectors must take away. Vectors that say nothing take nothing, English ones a good half. */
const leastGain = 0.1
/** How sharply nearness turns into likelihood; for each kind of comparison the best of these counts. */
const sharpnesses = [4, 8, 16, 32, 64]

export type Sample = { ngrams: Vectors; vectors: Float32Array; classOf: Int32Array; classes: number; rows: number }

/** `gain` is the part of the doubt (the mean negative log-likelihood of the own intent) that the vectors take away. */
export type Choice = { useful: boolean; gain: number }

export function choose(sample: Sample): Choice {
  const byNgrams = nearness(sample, ngramsOf(sample.ngrams), sample.rows)
  const bySentence = nearness(sample, sentenceOf(sample.vectors), vectorSize)
  const both = byNgrams.map((own, text) => own.map((near, c) => near + (bySentence[text]?.[c] ?? 0)))
  const gain = 1 - doubt(both, sample) / doubt(byNgrams, sample)
  return { useful: gain > leastGain, gain }
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

/** Mean negative log-likelihood of the own class. */
function doubt(near: readonly Float64Array[], { classOf }: Sample): number {
  const means = sharpnesses.map((sharpness) => {
    let sum = 0
    for (const [text, all] of near.entries()) {
      const own = (all[classOf[text] ?? 0] ?? 0) * sharpness
      sum += Math.log(all.reduce((total, one) => total + Math.exp(one * sharpness), 0)) - own
    }
    return sum / near.length
  })
  return Math.min(...means)
}
