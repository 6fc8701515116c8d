/** A text as counted n-grams of words (1–2) and of characters (3–5), each known by a 32-bit hash. */

import { mix } from '../fitting/random.ts'

/** What lies beyond is not read; no utterance is that long, and a pasted book must not stop a training. */
export const readCharacters = 5000

export function warnOfLongTexts(texts: readonly string[], log: (line: string) => void): void {
  const long = texts.filter((text) => text.length > readCharacters).length
  if (long > 0) log(`${long} texts are longer than ${readCharacters} characters: the rest of them is not read`)
}

const longestCharacterGram = 5
const shortestCharacterGram = 3

/** N-gram hash to how often it occurs. Empty for a text without anything but white space. */
export function featuresOf(text: string): Map<number, number> {
  const normalised = text.slice(0, readCharacters).normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim()
  const counts = new Map<number, number>()
  if (normalised === '') return counts
  addWordGrams(normalised, counts)
  addCharacterGrams(` ${normalised} `, counts)
  return counts
}

/** Scripts that are written without spaces: Han, Hiragana, Katakana, Thai, Lao, Khmer, Burmese. */
const spaceless = ['Han', 'Hira', 'Kana', 'Thai', 'Laoo', 'Khmr', 'Mymr'].map((script) => `\\p{scx=${script}}`).join('')
/** One of their characters; a run of letters and digits of any other script; any other sign, such as an emoji. */
const words = new RegExp(`[${spaceless}]|[[\\p{L}\\p{M}\\p{N}']--[${spaceless}]]+|\\S`, 'gv')

function addWordGrams(text: string, counts: Map<number, number>): void {
  let before = wordSeed
  for (const [word] of text.matchAll(words)) {
    const hash = hashText(wordSeed, word)
    count(counts, hash)
    count(counts, pair(before, hash))
    before = hash
  }
  count(counts, pair(before, wordSeed))
}

/** They cross the borders of words, so they see the order of words too, and need no words at all. */
function addCharacterGrams(text: string, counts: Map<number, number>): void {
  const characters = Array.from(text, (character) => character.codePointAt(0) ?? 0)
  for (let start = 0; start < characters.length; start += 1) {
    let hash = characterSeed
    const longest = Math.min(longestCharacterGram, characters.length - start)
    for (let length = 1; length <= longest; length += 1) {
      hash = Math.imul(hash ^ (characters[start + length - 1] ?? 0), hashFactor)
      if (length >= shortestCharacterGram) count(counts, mix(hash ^ length))
    }
  }
}

/** FNV-1a over code units, with a start per kind, so that the word "cat" and the characters "cat" differ. */
const wordSeed = 0x811c9dc5
const characterSeed = 0x1b873593
const hashFactor = 0x01000193

function hashText(seed: number, text: string): number {
  let hash = seed
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), hashFactor)
  return mix(hash)
}

function pair(first: number, second: number): number {
  return mix(Math.imul(first, 0x9e3779b1) ^ second)
}

function count(counts: Map<number, number>, hash: number): void {
  counts.set(hash, (counts.get(hash) ?? 0) + 1)
}
