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
  // Not by `timers/promises`, which makes an error with its stack of each sleep that is cut short, and most are.
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const wake = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, milliseconds)
      signal?.addEventListener('abort', wake)
    }),
}
