import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits for a condition. The limit only bounds a failing test; a passing one never waits longer than the condition takes.
 * @param look resolves to a value once the condition holds, to undefined or false before; what it throws is kept for the message
 */
export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs = 20_000, what = 'the condition' } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const value = await look()
      if (value !== undefined && value !== false) return value
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new Error(`${what} did not hold within ${timeoutMs} ms`, { cause: last })
    await delay(10)
  }
}
