import { setTimeout as delay } from 'node:timers/promises'

/** Time as a parameter. Deadlines that must outlive a process are rows judged by the database's clock, not by this one. */
export interface Clock {
  now(): Date
  /** Milliseconds that only grow; comparable within one process alone. */
  monotonicMs(): number
  /** Resolves after `milliseconds`, or at once (without an error) when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (milliseconds, signal) =>
    delay(milliseconds, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      if (!signal?.aborted) throw error
    }),
}
