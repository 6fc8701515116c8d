import type { Clock } from './clock.ts'

/**
 * Does work that may outlast its lease, and renews the lease until the work is done. A holder that dies renews nothing, so
 * another one takes over within one lease, however long the work may take.
 */
export async function underLease<T>(
  { clock, renewEveryMs, renew }: { clock: Clock; renewEveryMs: number; renew: () => Promise<unknown> },
  work: () => Promise<T>,
): Promise<T> {
  const done = new AbortController()

  async function keepRenewing(): Promise<void> {
    for (;;) {
      await clock.sleep(renewEveryMs, done.signal)
      if (done.signal.aborted) return
      // One that fails is made good by the next; if all fail the lease ends, and whoever finishes finds it so.
      await renew().catch(() => {})
    }
  }

  const renewing = keepRenewing()
  try {
    return await work()
  } finally {
    done.abort()
    await renewing
  }
}
