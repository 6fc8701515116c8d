import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits for a condition. The limit only bounds a failing test; a passing one never waits longer than the condition takes.
 * @param look resolves to a value once the condition holds, to undefined or false before; what it throws is kept for the message
 */
export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs = 60_000, what = 'the condition' } = {},
): Promise<T> {
  const begun = performance.now()
  let last: unknown
  for (;;) {
    try {
      const value = await look()
      if (value !== undefined && value !== false) return value
    } catch (error) {
      last = error
    }
    const passedMs = performance.now() - begun
    if (passedMs > timeoutMs) throw new Error(`${what} did not hold within ${timeoutMs} ms`, { cause: last })
    // A look costs those who are waited for, too: the longer it takes, the rarer.
    await delay(Math.min(100, Math.max(10, passedMs / 10)))
  }
}
