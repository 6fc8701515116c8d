const significantDigits = 6

/**
 * A figure as it is stored. The last bits of a logarithm differ between processors; without them the same evaluation has
 * the same bytes everywhere.
 */
export function significant(value: number): number {
  return Number(value.toPrecision(significantDigits)) + 0
}
