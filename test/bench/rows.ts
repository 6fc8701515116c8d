import { writeFileSync } from 'node:fs'

/** One measured figure, beside what is asked of it. */
export interface Row {
  readonly figure: string
  readonly value: number
  readonly unit: string
  /** In words: "≥ 10,000", "≤ 40". Empty where nothing is asked. */
  readonly target: string
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

const shown = (value: number) =>
  value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 3 : value < 1000 ? 1 : 0 })

export function printRows(rows: readonly Row[]): void {
  const table = [
    ['figure', 'measured', 'asked'],
    ...rows.map((row) => [row.figure, `${shown(row.value)} ${row.unit}`, row.target]),
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
  for (const cells of table) {
    process.stdout.write(
      `${cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    )
  }
}

export function writeRows(rows: readonly Row[], file: string): void {
  writeFileSync(
    file,
    `${JSON.stringify({ node: process.version, measuredAt: new Date().toISOString(), rows }, null, 2)}\n`,
  )
}
