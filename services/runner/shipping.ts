/**
 * Brings the log to the launcher by offset, in the background and in batches. Invariants: one call at a time, in order;
 * `offset` is what the launcher is known to have, and is only moved by its answers, so nothing is lost or doubled
 * however many calls and answers are.
 */

import type { RunApi } from './api.ts'
import type { Log } from './log.ts'

export interface Shipping {
  /** There is something new: it goes soon, together with what comes meanwhile. */
  wake(): void
  /** Resolves when the launcher has all that is in the log now. */
  flush(signal: AbortSignal): Promise<void>
}

const gatherMs = 100
const longestBatchBytes = 262_144

export function createShipping(options: {
  log: Log
  api: RunApi
  signal: AbortSignal
  /** A background call ended otherwise than by a success. */
  onError: (error: unknown) => void
}): Shipping {
  const { log, api } = options
  let offset = 0
  let timer: NodeJS.Timeout | undefined
  let flushing = false
  let last = Promise.resolve()

  async function ship(signal: AbortSignal): Promise<void> {
    while (offset < log.size()) offset = await api.logs(offset, log.read(offset, longestBatchBytes), signal)
  }

  function wake(): void {
    if (flushing || timer !== undefined) return
    timer = setTimeout(() => {
      last = ship(options.signal)
        .catch(options.onError)
        .finally(() => {
          timer = undefined
          if (offset < log.size() && !options.signal.aborted) wake()
        })
    }, gatherMs).unref()
  }

  return {
    wake,
    async flush(signal) {
      flushing = true
      clearTimeout(timer)
      await last
      await ship(signal)
    },
  }
}
