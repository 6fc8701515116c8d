/** Multinomial logistic regression: a table with a row per n-gram and a column per class, and a bias per class. */

export type Network = { classes: number; table: Float32Array; bias: Float32Array }

export function emptyNetwork(rows: number, classes: number): Network {
  return { classes, table: new Float32Array(rows * classes), bias: new Float32Array(classes) }
}

/**
 * Writes the logits of one text to `logits`, from `offset`. Four rows at a time: the sum over classes is where training
 * spends its time, and this spares three quarters of the loads and stores of `logits`.
 */
export function logitsOf(
  network: Network,
  rows: Int32Array,
  values: Float32Array,
  from: number,
  to: number,
  logits: Float32Array,
  offset: number,
): void {
  const { classes, table, bias } = network
  for (let c = 0; c < classes; c += 1) logits[offset + c] = bias[c] ?? 0
  let entry = from
  for (; entry + 3 < to; entry += 4) {
    const row0 = (rows[entry] ?? 0) * classes
    const row1 = (rows[entry + 1] ?? 0) * classes
    const row2 = (rows[entry + 2] ?? 0) * classes
    const row3 = (rows[entry + 3] ?? 0) * classes
    const value0 = values[entry] ?? 0
    const value1 = values[entry + 1] ?? 0
    const value2 = values[entry + 2] ?? 0
    const value3 = values[entry + 3] ?? 0
    for (let c = 0; c < classes; c += 1) {
      logits[offset + c] =
        (logits[offset + c] ?? 0) +
        (table[row0 + c] ?? 0) * value0 +
        (table[row1 + c] ?? 0) * value1 +
        (table[row2 + c] ?? 0) * value2 +
        (table[row3 + c] ?? 0) * value3
    }
  }
  for (; entry < to; entry += 1) {
    const row = (rows[entry] ?? 0) * classes
    const value = values[entry] ?? 0
    for (let c = 0; c < classes; c += 1) logits[offset + c] = (logits[offset + c] ?? 0) + (table[row + c] ?? 0) * value
  }
}
