/**
 * The n-grams that a model knows, each with its row in the table of weights and its inverse document frequency, and
 * texts as vectors over them: sublinear term frequency × inverse document frequency, of unit length.
 *
 * An n-gram that the model doesn't know has no row but counts in the length, so a text of unknown words comes out
 * short: its logits are small, and the model unsure, as it should be.
 */

import { featuresOf } from './features.ts'

export type Vocabulary = {
  /** N-gram hash to row. */
  rows: ReadonlyMap<number, number>
  /** Row to inverse document frequency. */
  weights: Float32Array
  /** Inverse document frequency of an n-gram without a row. */
  unknownWeight: number
}

/** Texts as sparse vectors, one behind the other: text `t` has the entries from `starts[t]` to `starts[t + 1]`. */
export type Vectors = { starts: Int32Array; rows: Int32Array; values: Float32Array }

/** All n-grams of the texts; where that makes too many rows, those that occur in most texts. */
export function learnVocabulary(texts: readonly string[], maximumRows: number): Vocabulary {
  const textsWith = new Map<number, number>()
  for (const text of texts) {
    for (const hash of featuresOf(text).keys()) textsWith.set(hash, (textsWith.get(hash) ?? 0) + 1)
  }
  const all = [...textsWith]
  const kept = all.length > maximumRows ? all.sort((a, b) => b[1] - a[1]).slice(0, maximumRows) : all
  return {
    rows: new Map(kept.map(([hash], row) => [hash, row])),
    weights: Float32Array.from(kept, ([, count]) => inverseFrequency(count, texts.length)),
    unknownWeight: inverseFrequency(0, texts.length),
  }
}

function inverseFrequency(textsWith: number, texts: number): number {
  return 1 + Math.log((1 + texts) / (1 + textsWith))
}

export function vectorsOf(texts: readonly string[], vocabulary: Vocabulary): Vectors {
  const starts = new Int32Array(texts.length + 1)
  let rows = new Int32Array(1024)
  let values = new Float32Array(1024)
  let end = 0
  for (const [at, text] of texts.entries()) {
    const features = featuresOf(text)
    if (end + features.size > rows.length) {
      rows = grown(rows, new Int32Array(2 * (end + features.size)))
      values = grown(values, new Float32Array(rows.length))
    }
    let squares = 0
    const first = end
    for (const [hash, count] of features) {
      const row = vocabulary.rows.get(hash)
      const weight = row === undefined ? vocabulary.unknownWeight : (vocabulary.weights[row] ?? 0)
      const value = (1 + Math.log(count)) * weight
      squares += value * value
      if (row === undefined) continue
      rows[end] = row
      values[end] = value
      end += 1
    }
    const length = Math.sqrt(squares)
    for (let entry = first; entry < end; entry += 1) values[entry] = (values[entry] ?? 0) / length
    starts[at + 1] = end
  }
  return { starts, rows: rows.subarray(0, end), values: values.subarray(0, end) }
}

function grown<Numbers extends Int32Array | Float32Array>(numbers: Numbers, larger: Numbers): Numbers {
  larger.set(numbers)
  return larger
}

/** Those of some texts. */
export function pick({ starts, rows, values }: Vectors, texts: Int32Array): Vectors {
  const ranges = Array.from(texts, (text) => [starts[text] ?? 0, starts[text + 1] ?? 0] as const)
  const picked = new Int32Array(texts.length + 1)
  for (const [at, [from, to]] of ranges.entries()) picked[at + 1] = (picked[at] ?? 0) + to - from
  const size = picked.at(-1) ?? 0
  const chosen = { starts: picked, rows: new Int32Array(size), values: new Float32Array(size) }
  for (const [at, [from, to]] of ranges.entries()) {
    chosen.rows.set(rows.subarray(from, to), picked[at])
    chosen.values.set(values.subarray(from, to), picked[at])
  }
  return chosen
}
