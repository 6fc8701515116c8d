import { createHash } from 'node:crypto'

/**
 * Numbers from 0 to below 1 that look random and follow from the seed alone, on every machine: sfc32 (Doty-Humphrey,
 * PractRand), seeded with the SHA-256 of the text.
 */
export function seededFractions(seed: string): () => number {
  const digest = createHash('sha256').update(seed).digest()
  let a = digest.readInt32LE(0)
  let b = digest.readInt32LE(4)
  let c = digest.readInt32LE(8)
  let counter = digest.readInt32LE(12)
  return () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 4_294_967_296
  }
}
