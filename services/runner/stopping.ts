/**
 * The one place that knows whether the attempt is to stop, and why.
 *
 * going ─▶ stopping (asked, deadline) ─▶ lost
 *   └────────────────────────────────────▲
 *
 * Invariants: the first reason stays, and only `lost` may come after another. `lost` means that nothing may be told any
 * more, so it cuts everything; the other two leave time to tell the end.
 */

export type Stop =
  | { kind: 'asked'; reason: string }
  | { kind: 'deadline'; reason: string }
  | { kind: 'lost'; reason: string }

export interface Stopping {
  readonly reason: Stop | undefined
  /** Aborts at the first stop of any kind: whoever works, stops working. */
  readonly working: AbortSignal
  /** Aborts when the attempt is lost. */
  readonly lost: AbortSignal
  stop(stop: Stop): void
  /**
   * For what is still to be said when the work is over. It aborts when the attempt is lost, and `limitMs` after the stop:
   * without one, there is time until the deadline.
   */
  closing(limitMs: number): AbortSignal
}

export function createStopping(): Stopping {
  const working = new AbortController()
  const lost = new AbortController()
  let reason: Stop | undefined
  let stoppedAtMs = 0
  return {
    get reason() {
      return reason
    },
    working: working.signal,
    lost: lost.signal,
    stop(stop) {
      if (reason === undefined) stoppedAtMs = performance.now()
      if (reason === undefined || stop.kind === 'lost') reason = stop
      working.abort()
      if (stop.kind === 'lost') lost.abort()
    },
    closing(limitMs) {
      const closing = new AbortController()
      whenAborted(lost.signal, () => closing.abort())
      whenAborted(working.signal, () => atMonotonic(stoppedAtMs + limitMs, () => closing.abort()))
      return closing.signal
    },
  }
}

/** Calls `action` once: when the signal aborts, or at once if it has. Returns what takes it back. */
export function whenAborted(signal: AbortSignal, action: () => void): () => void {
  if (signal.aborted) action()
  else signal.addEventListener('abort', action, { once: true })
  return () => signal.removeEventListener('abort', action)
}

// A longer timer would fire at once.
const longestTimerMs = 2 ** 31 - 1

/** Calls `action` when the monotonic clock reaches `dueMs`, however far away that is. Returns what takes it back. */
export function atMonotonic(dueMs: number, action: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  function wait(): void {
    const leftMs = dueMs - performance.now()
    timer =
      leftMs > longestTimerMs
        ? setTimeout(wait, longestTimerMs).unref()
        : setTimeout(action, Math.max(0, leftMs)).unref()
  }
  wait()
  return () => clearTimeout(timer)
}
