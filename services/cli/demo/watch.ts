/**
 * The history of the demo's bot as it grows. Whoever waits for something gets the first event that fits, whether it has
 * come already or is still to come; each event is handed out once.
 */
import type { Told } from '../client/console.ts'
import { CommandFailure } from '../failure.ts'

export interface Watch {
  /** The next event that fits; those before it are told and passed over. */
  until(what: string, fits: (event: Told) => boolean): Promise<Told>
}

export function watch(stream: AsyncIterator<Told>, tell: (event: Told) => void, limitMs: number): Watch {
  return {
    async until(what, fits) {
      const late = Promise.withResolvers<never>()
      const timer = setTimeout(
        () => late.reject(new CommandFailure(`${what} did not happen within ${limitMs / 1000} s`)),
        limitMs,
      )
      try {
        for (;;) {
          const next = await Promise.race([stream.next(), late.promise])
          if (next.done) throw new CommandFailure('the server ended its stream of events')
          tell(next.value)
          if (fits(next.value)) return next.value
        }
      } finally {
        clearTimeout(timer)
      }
    },
  }
}
