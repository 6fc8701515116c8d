/** The demo's bot and the edits that are made to it, as pure functions from one dataset to the next. */
import { z } from 'zod'

/**
 * Every row says on which side of the split it is, as a team does that keeps a reviewed set of examples for its exams:
 * whoever edits the bot adds and moves training texts, and the reviewed ones stay what they are.
 */
export const Row = z.strictObject({
  text: z.string(),
  intent: z.string().nullable(),
  split: z.enum(['train', 'held-out']),
})
export type Row = z.infer<typeof Row>

export function parseRows(jsonLines: string): Row[] {
  return jsonLines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Row.parse(JSON.parse(line)))
}

export function toJsonLines(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

/**
 * A bot that grows: `edits` + 1 datasets, the first with `startTexts` training texts of each intent and the last with
 * all of them. The exam is the same in each.
 */
export function growth(rows: readonly Row[], startTexts: number, edits: number): Row[][] {
  const texts = new Map<string | null, number>()
  const isLater = rows.map((row) => {
    if (row.split === 'held-out') return false
    const number = (texts.get(row.intent) ?? 0) + 1
    texts.set(row.intent, number)
    return number > startTexts
  })
  const laterRows = rows.filter((_, index) => isLater[index])
  const start = rows.filter((_, index) => !isLater[index])
  return Array.from({ length: edits + 1 }, (_, edit) => [
    ...start,
    ...laterRows.slice(0, Math.round((laterRows.length * edit) / edits)),
  ])
}

/** Somebody mixes up two intents: of each, this share of the training texts is moved to the other. */
export function mixUp(rows: readonly Row[], [one, other]: readonly [string, string], share: number): Row[] {
  const swapped: Readonly<Record<string, string>> = { [one]: other, [other]: one }
  const seen = new Map<string, number>()
  return rows.map((row) => {
    const to = row.intent === null || row.split === 'held-out' ? undefined : swapped[row.intent]
    if (row.intent === null || to === undefined) return row
    const number = seen.get(row.intent) ?? 0
    seen.set(row.intent, number + 1)
    // Spread evenly over the list: text n is moved where the running total of shares passes a whole number.
    return Math.floor((number + 1) * share) > Math.floor(number * share) ? { ...row, intent: to } : row
  })
}
