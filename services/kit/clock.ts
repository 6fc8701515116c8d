/** Time as a parameter. Deadlines that must outlive a process are rows judged by the database's clock, not by this one. */
export interface Clock {
  now(): Date
  /** Milliseconds that only grow; comparable within one process alone. */
  monotonicMs(): number
  /** Resolves after `milliseconds`, or at once (without an error) when one of the signals aborts. */
  sleep(milliseconds: number, ...signals: readonly AbortSignal[]): Promise<void>
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  // Not by `timers/promises`, which makes an error with its stack of each sleep that is cut short, and most are.
  // Nor is one signal made of them: what such a one is made of stays until the next full garbage collection.
  sleep: (milliseconds, ...signals) =>
    new Promise((resolve) => {
      if (signals.some(({ aborted }) => aborted)) return resolve()
      const wake = (): void => {
        clearTimeout(timer)
        for (const signal of signals) signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, milliseconds)
      for (const signal of signals) signal.addEventListener('abort', wake)
    }),
}
