import { setTimeout as delay } from 'node:timers/promises'
import { Interrupted, Unreachable } from './errors.ts'

const firstWaitMs = 100
const longestWaitMs = 5_000

/** Repeats `work` while the run API is unreachable, with growing waits, until the signal aborts. */
export async function persist<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let trouble = ''
  for (let tries = 0; ; tries++) {
    if (signal.aborted) throw new Interrupted(`there was no time left for the launcher's answer${trouble}`)
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      trouble = ` (at last: ${error.message})`
    }
    // Half of it is chance: a thousand runners don't come back in step when the API does.
    const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(tries, 10))
    await delay(waitMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
  }
}
