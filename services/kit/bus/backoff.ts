const firstMs = 100
const longestMs = 10_000

/** How long a bus waits before it tries again what has failed so often in a row. */
export function backoffMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(longestMs, firstMs * 2 ** (failures - 1))
}
