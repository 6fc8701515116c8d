/** A table with a row of weights per n-gram, and a bias: what a text gives is the sum of its n-grams' rows. */

export type Table = { width: number; cells: Float32Array; bias: Float32Array }

export function emptyTable(rows: number, width: number): Table {
  return { width, cells: new Float32Array(rows * width), bias: new Float32Array(width) }
}

/**
 * Writes what one text gives to `sums`, from `offset`. Four rows at a time: this spares three quarters of the loads and
 * stores of `sums`.
 */
export function sumRows(
  table: Table,
  rows: Int32Array,
  values: Float32Array,
  from: number,
  to: number,
  sums: Float32Array,
  offset: number,
): void {
  const { width, cells, bias } = table
  for (let c = 0; c < width; c += 1) sums[offset + c] = bias[c] ?? 0
  let entry = from
  for (; entry + 3 < to; entry += 4) {
    const row0 = (rows[entry] ?? 0) * width
    const row1 = (rows[entry + 1] ?? 0) * width
    const row2 = (rows[entry + 2] ?? 0) * width
    const row3 = (rows[entry + 3] ?? 0) * width
    const value0 = values[entry] ?? 0
    const value1 = values[entry + 1] ?? 0
    const value2 = values[entry + 2] ?? 0
    const value3 = values[entry + 3] ?? 0
    for (let c = 0; c < width; c += 1) {
      sums[offset + c] =
        (sums[offset + c] ?? 0) +
        (cells[row0 + c] ?? 0) * value0 +
        (cells[row1 + c] ?? 0) * value1 +
        (cells[row2 + c] ?? 0) * value2 +
        (cells[row3 + c] ?? 0) * value3
    }
  }
  for (; entry < to; entry += 1) {
    const row = (rows[entry] ?? 0) * width
    const value = values[entry] ?? 0
    for (let c = 0; c < width; c += 1) sums[offset + c] = (sums[offset + c] ?? 0) + (cells[row + c] ?? 0) * value
  }
}
