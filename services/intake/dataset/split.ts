/**
 * Divides a dataset into what is trained on and what is asked in the exam. Pure: the same dataset and share give the same
 * parts, in the same order.
 *
 * Invariants:
 * - by text, not by row: a text lies on one side, and stays there whatever rows are added (but for the next rule);
 * - an intent with fewer than two training texts takes exam texts back, lowest id first, as long as it has any.
 */
import type { CheckedDataset, LabelledText, Remark, Side } from './check.ts'

export type Split = {
  /** In the order of ids, hashes: neighbours in a file often share an intent, and the order of the exam must not tell it. */
  readonly train: readonly LabelledText[]
  readonly exam: readonly LabelledText[]
  readonly remarks: readonly Remark[]
}

const fewestTrainingTexts = 2
const linesListed = 20

export function splitDataset(dataset: CheckedDataset, heldOutShare: number): Split {
  const texts = [...dataset.texts].sort((a, b) => (a.id < b.id ? -1 : 1))
  const exam = new Set(texts.filter((text) => sideOf(text, heldOutShare) === 'held-out'))
  const takenBack = takeBack(texts, exam, dataset.intents)
  return {
    train: texts.filter((text) => !exam.has(text)),
    exam: texts.filter((text) => exam.has(text)),
    remarks: takenBack.length === 0 ? [] : [takenBackRemark(takenBack)],
  }
}

function sideOf(text: LabelledText, heldOutShare: number): Side {
  return text.explicit?.side ?? (text.fraction < heldOutShare ? 'held-out' : 'train')
}

/** Removes from `exam` what intents with too little to learn from need, and returns it. */
function takeBack(
  texts: readonly LabelledText[],
  exam: Set<LabelledText>,
  intents: readonly string[],
): readonly LabelledText[] {
  const trainingTexts = new Map<string, number>()
  const heldOut = new Map<string, LabelledText[]>()
  for (const text of texts) {
    for (const intent of text.intents) {
      if (intent === null) continue
      if (exam.has(text)) listed(heldOut, intent).push(text)
      else trainingTexts.set(intent, (trainingTexts.get(intent) ?? 0) + 1)
    }
  }
  const taken: LabelledText[] = []
  for (const intent of intents) {
    for (const text of heldOut.get(intent) ?? []) {
      if ((trainingTexts.get(intent) ?? 0) >= fewestTrainingTexts) break
      if (!exam.delete(text)) continue
      taken.push(text)
      for (const shared of text.intents)
        if (shared !== null) trainingTexts.set(shared, (trainingTexts.get(shared) ?? 0) + 1)
    }
  }
  return taken
}

function listed(lists: Map<string, LabelledText[]>, intent: string): LabelledText[] {
  const known = lists.get(intent) ?? []
  lists.set(intent, known)
  return known
}

function takenBackRemark(taken: readonly LabelledText[]): Remark {
  const lines = taken.map(({ line }) => line).sort((a, b) => a - b)
  const texts = `${taken.length} held-out ${taken.length === 1 ? 'text is' : 'texts are'}`
  return {
    message: `${texts} trained on after all: ${taken.length === 1 ? 'its intent has' : 'their intents have'} fewer than ${fewestTrainingTexts} other texts`,
    lines: lines.slice(0, linesListed),
  }
}
