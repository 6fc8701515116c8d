/** A trained model for programs in TypeScript: `wide-deep`'s model folder, and texts answered from it. */

import type { Answer } from './answering/prediction.ts'
import { encodingHere } from './embedding/encoding.ts'
import { answerer } from './wide-deep/answerer.ts'
import { readModel } from './wide-deep/model.ts'

export type { Answer }

export type ModelOptions = {
  /** Sentence vectors are kept here, for whatever program uses the same folder. */
  cache?: string
  signal?: AbortSignal
  log?: (line: string) => void
}

export class Model {
  /** Out of scope is not among them. */
  readonly intents: readonly string[]
  /** Whether it tells what is out of scope (`intent: null`): only if there were examples of it. */
  readonly knowsOutOfScope: boolean
  readonly #answer: (texts: readonly string[]) => Promise<Answer[]>

  private constructor(intents: readonly string[], knowsOutOfScope: boolean, answer: Model['answer']) {
    this.intents = intents
    this.knowsOutOfScope = knowsOutOfScope
    this.#answer = answer
  }

  /** Throws an error of one sentence where the folder holds no such model, or the encoder that it needs isn't installed. */
  static async open(folder: string, options: ModelOptions = {}): Promise<Model> {
    const { cache, signal = new AbortController().signal, log = () => {} } = options
    const stored = readModel(folder)
    const answer = await answerer(stored, { cache, encoding: encodingHere, log })
    const { classes, calibration } = stored
    return new Model(classes.intents, calibration.outOfScope !== null, (texts) => answer(texts, signal))
  }

  /** Per text the likeliest intent, how sure that is, and the runners-up, in the order of the texts. */
  answer(texts: readonly string[]): Promise<Answer[]> {
    return this.#answer(texts)
  }
}
