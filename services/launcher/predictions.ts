/** Whether answers fit their exam: every text answered exactly once, in the form of the contract. */

import { readValue } from '../../schemas/problems.ts'
import { ExamText, Prediction } from '../../schemas/program.ts'
import { badInput } from '../kit/errors.ts'
import { textLines } from './text-lines.ts'

/** Room for `maximumTop` intents of the longest name. */
const longestLineBytes = 4 * 1024 * 1024

/**
 * @throws badInput that gives line and field of the first thing that is wrong, never the content
 */
export async function checkPredictions(
  texts: AsyncIterable<Uint8Array>,
  predictions: AsyncIterable<Uint8Array>,
): Promise<void> {
  const unanswered = new Set<string>()
  for await (const line of textLines(texts, longestLineBytes)) {
    if (line !== '') unanswered.add(ExamText.parse(JSON.parse(line)).id)
  }
  const texted = unanswered.size
  const answered = new Set<string>()
  let number = 0
  for await (const line of textLines(predictions, longestLineBytes)) {
    number += 1
    if (line.trim() === '') continue
    const { id } = predictionOf(line, number)
    if (!unanswered.delete(id)) {
      throw badInput(
        `line ${number}: ${answered.has(id) ? 'this id was answered before' : 'an id that no text of the exam has'}`,
      )
    }
    answered.add(id)
  }
  if (unanswered.size > 0) throw badInput(`predictions: ${unanswered.size} of ${texted} texts were not answered`)
}

function predictionOf(line: string, number: number): Prediction {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw badInput(`line ${number}: not JSON`)
  }
  const read = readValue(Prediction, value, 'the whole')
  if (read.ok) return read.value
  throw badInput(`line ${number}: ${read.problems[0]}`)
}
