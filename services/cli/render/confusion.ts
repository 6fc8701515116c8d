/** A confusion matrix as a coloured grid where it fits the width, else as the list of what was mistaken for what. */
import type { Confusion } from '../../../schemas/evaluation.ts'
import { counted, percent } from '../../kit/figures.ts'
import type { Style } from './style.ts'
import { clip, printable, table, visibleWidth } from './table.ts'

export type Answer = string | null

export interface Mistake {
  readonly meant: Answer
  readonly answered: Answer
  readonly count: number
  readonly rows: number
}

export function intentName(intent: Answer): string {
  return intent === null ? '(out of scope)' : printable(intent)
}

/** Wrong answers, most frequent first; equal ones in the matrix's own order. */
export function mistakes(confusion: Confusion): Mistake[] {
  const rows = rowTotals(confusion)
  return confusion.cells
    .filter(([row, column]) => row !== column)
    .map(([row, column, count]) => ({
      meant: confusion.intents[row] ?? null,
      answered: confusion.intents[column] ?? null,
      count,
      rows: rows.get(row) ?? count,
    }))
    .sort((one, other) => other.count - one.count)
}

export function mistakeTable(list: readonly Mistake[]): string {
  return table(
    [{ title: 'MEANT' }, { title: 'ANSWERED' }, { title: 'ROWS', align: 'right' }, { title: 'SHARE', align: 'right' }],
    list.map((mistake) => [
      intentName(mistake.meant),
      intentName(mistake.answered),
      `${mistake.count} of ${mistake.rows}`,
      percent(mistake.count / mistake.rows),
    ]),
  )
}

const longestName = 22

/** The matrix, one line per intent that was meant; undefined if it is wider than `columns`. */
export function confusionGrid(confusion: Confusion, style: Style, columns: number): string | undefined {
  const { intents, cells } = confusion
  const names = intents.map((intent) => clip(intentName(intent), longestName))
  const nameWidth = Math.max(0, ...names.map(visibleWidth))
  const numberWidth = String(intents.length).length
  const digits = Math.max(numberWidth, ...cells.map(([, , count]) => String(count).length))
  const headWidth = nameWidth + 1 + numberWidth
  // Colours keep neighbours apart, so cells may touch where space is short; digits alone would run together.
  const cellWidth = [digits + 1, ...(style.colours ? [digits] : [])].find(
    (width) => headWidth + 1 + width * intents.length <= columns,
  )
  if (cellWidth === undefined) return undefined

  const counts = new Map(cells.map(([row, column, count]) => [`${row},${column}`, count]))
  const totals = rowTotals(confusion)
  const head = intents
    .map((_, index) => (index % 2 === 0 ? style.faint : style.bold)(String(index + 1).padStart(cellWidth)))
    .join('')
  const lines = names.map((name, row) => {
    const inRow = intents.map((_, column) => {
      const count = counts.get(`${row},${column}`)
      if (count === undefined) return style.faint('·'.padStart(cellWidth))
      return style.cell(
        String(count).padStart(cellWidth),
        row === column ? 'right' : 'wrong',
        count / (totals.get(row) ?? count),
      )
    })
    return `${name.padEnd(nameWidth)} ${String(row + 1).padStart(numberWidth)} ${inRow.join('')}\n`
  })
  return `${' '.repeat(headWidth)} ${head}\n${lines.join('')}`
}

/** The grid if it fits, else the list of all mistakes, with a heading that says how to read it. */
export function confusionMatrix(confusion: Confusion, style: Style, columns: number): string {
  const grid = confusionGrid(confusion, style, columns)
  if (grid !== undefined) {
    return `${style.bold('Confusion matrix')} ${style.faint('(line: what was meant; column: what was answered)')}\n${grid}`
  }
  const list = mistakes(confusion)
  const size = `${counted(confusion.intents.length, 'intent')} wide, too wide to draw here`
  const heading = `${style.bold('Confusion matrix')} ${style.faint(`(${size}; every mistake)`)}\n`
  return heading + (list.length === 0 ? 'No mistakes.\n' : mistakeTable(list))
}

function rowTotals(confusion: Confusion): Map<number, number> {
  const totals = new Map<number, number>()
  for (const [row, , count] of confusion.cells) totals.set(row, (totals.get(row) ?? 0) + count)
  return totals
}
