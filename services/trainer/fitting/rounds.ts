/**
 * Which examples are held out when. Temperature and out-of-scope gate must be fitted on examples that the network has
 * not seen, but the final network should have seen all. So there are rounds that each hold a part out and give its
 * logits, and a last one that learns from everything and is the model.
 *
 * Few examples: three rounds, and each example is held out once. Many: one round is enough, with some 2000 examples, but
 * a fifth at most, and half of the out-of-scope ones, of which there are usually few, but some 1000 at most. A network
 * that is right in 97 of 100 cases shows how sure it may be by the other three, so fewer than that would be a matter of luck.
 */

import { mix } from './random.ts'

export type Round = { texts: Int32Array; heldOut: Int32Array }

const manyExamples = 2500

export function roundsOf(texts: readonly string[], classOf: Int32Array, intents: number): Round[] {
  const isMany = texts.length >= manyExamples
  const outside = classOf.reduce((count, classIndex) => count + (classIndex === intents ? 1 : 0), 0)
  const inScopeFolds = isMany ? Math.max(5, Math.ceil((texts.length - outside) / 2000)) : 3
  const outsideFolds = isMany ? Math.max(2, Math.ceil(outside / 1000)) : 3
  const folds = foldsOf(texts, classOf, (classIndex) => (classIndex < intents ? inScopeFolds : outsideFolds))
  const all = Int32Array.from(texts.keys())
  const rounds: Round[] = []
  for (let fold = 0; fold < (isMany ? 1 : 3); fold += 1) {
    const heldOut = all.filter((text) => folds[text] === fold)
    if (heldOut.length > 0) rounds.push({ texts: all.filter((text) => folds[text] !== fold), heldOut })
  }
  return [...rounds, { texts: all, heldOut: new Int32Array(0) }]
}

/**
 * Deals each class's texts out in the order of their hashes, equal texts together; classes begin at different folds, so
 * that small ones don't all miss the same. The only text of a class is never held out (-1).
 */
function foldsOf(texts: readonly string[], classOf: Int32Array, foldCount: (classIndex: number) => number): Int32Array {
  const folds = new Int32Array(texts.length).fill(-1)
  const hashes = Uint32Array.from(texts, hashOf)
  const byClass = new Map<number, number[]>()
  for (const [text, classIndex] of classOf.entries()) {
    const members = byClass.get(classIndex)
    if (members === undefined) byClass.set(classIndex, [text])
    else members.push(text)
  }
  for (const [classIndex, members] of byClass) {
    const distinct = [...new Set(members.map((text) => hashes[text] ?? 0))].sort((a, b) => a - b)
    if (distinct.length < 2) continue
    const foldOf = new Map(distinct.map((hash, at) => [hash, (at + classIndex) % foldCount(classIndex)]))
    for (const text of members) folds[text] = foldOf.get(hashes[text] ?? 0) ?? -1
  }
  return folds
}

function hashOf(text: string): number {
  let hash = text.length
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return mix(hash)
}
