import fc from 'fast-check'
import { type CheckedDataset, type DatasetCheck, datasetReader } from '../../../services/intake/dataset/check.ts'

export const limits = { bytes: 1_000_000, rows: 10_000, textCharacters: 200, intents: 100 }

export function check(content: string | Uint8Array, own: Partial<typeof limits> = {}): DatasetCheck {
  const reader = datasetReader({ ...limits, ...own })
  reader.add(Buffer.from(content))
  return reader.end()
}

export function usable(content: string): CheckedDataset {
  const result = check(content)
  if (!result.ok) throw new Error(`not usable: ${JSON.stringify(result.problems)}`)
  return result.dataset
}

export type Row = { text: string; intent: string | null; split?: 'train' | 'held-out' }

export function linesOf(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

/** Rows whose texts often differ by letters' case and white space alone, and of two intents at least. */
export const rows: fc.Arbitrary<Row[]> = fc
  .array(
    fc.record({
      text: fc.stringMatching(/^[aAbB é]{1,4}[cC]$/),
      intent: fc.constantFrom('greet', 'pay', 'stop', null),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((some) => [{ text: 'first of two', intent: 'greet' }, { text: 'second of two', intent: 'pay' }, ...some])
