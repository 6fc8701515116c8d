/** `wide-deep predict`: a model and texts in, answers out. */

import { join } from 'node:path'
import type { Folders } from '../contract/folders.ts'
import { log } from '../contract/report.ts'
import { readTexts, writePredictions } from '../contract/rows.ts'
import { encodingHere, encodingInThreads } from '../embedding/encoding.ts'
import { answerer } from './answerer.ts'
import { readModel } from './model.ts'

/** For fewer, starting threads takes longer than they save. */
const manyTexts = 100

export async function predict(folders: Folders): Promise<void> {
  const texts = readTexts(folders.input)
  const encoding = texts.length < manyTexts ? encodingHere : encodingInThreads
  const answer = await answerer(readModel(join(folders.input, 'model')), { cache: folders.cache, encoding, log })
  const answers = await answer(
    texts.map(({ text }) => text),
    new AbortController().signal,
  )
  writePredictions(
    folders.output,
    answers.map((one, at) => ({ id: texts[at]?.id ?? '', ...one })),
  )
}
