import type { Clock } from '../../clock.ts'

/** What the work resolves to; undefined when it takes longer than the limit, or the signal aborts. It goes on by itself then. */
export async function within<T>(
  clock: Clock,
  limitMs: number,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const done = new AbortController()
  const late = clock.sleep(limitMs, done.signal, ...(signal ? [signal] : []))
  try {
    return await Promise.race([work, late.then(() => undefined)])
  } finally {
    // With a reason, since none is an error with its stack.
    done.abort('done')
  }
}
