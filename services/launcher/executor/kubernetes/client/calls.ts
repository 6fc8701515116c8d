/**
 * How a call to the cluster is made: with a time limit, behind a breaker, and again when the cluster asks for that. What it
 * throws is one of ours.
 *
 * Reads and writes have a breaker each, since a cluster that cannot store may still answer. An answer, however unwelcome,
 * is a sign of life; only silence opens a breaker.
 */
import CircuitBreaker from 'opossum'
import type { Clock } from '../../../../kit/clock.ts'
import type { Logger } from '../../../../kit/log.ts'
import type { Random } from '../../../../kit/random.ts'
import { asFailure, failureOf, isSilence, KubernetesError } from './failures.ts'

export interface CallTimings {
  /** How long a call may last, the reading of its answer included. */
  readonly limitMs: number
  /** How long nothing is asked once the cluster is silent. */
  readonly restMs: number
  /** How long a call waits in all when it is told to come again later. */
  readonly patienceMs: number
}

export const callTimings: CallTimings = { limitMs: 30_000, restMs: 5_000, patienceMs: 10_000 }

/** Gets the signal that ends it, and must heed it. */
export type Call<T> = (signal: AbortSignal) => Promise<T>

export interface Calls {
  read<T>(what: string, call: Call<T>): Promise<T>
  write<T>(what: string, call: Call<T>): Promise<T>
  close(): void
}

export interface CallOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly timings: CallTimings
}

/** How often a cluster that asks for it is asked again. */
const repeats = 3
const unsaidPauseMs = 1_000

export function makeCalls({ clock, random, log, timings }: CallOptions): Calls {
  const closing = new AbortController()

  function makeBreaker(name: string) {
    const breaker = new CircuitBreaker((call: () => Promise<unknown>) => call(), {
      name,
      // The signal is the only clock: opossum's own would leave the request running.
      timeout: false,
      errorFilter: (error: unknown) => {
        const failure = failureOf(error)
        return failure === undefined || !isSilence(failure)
      },
      errorThresholdPercentage: 50,
      volumeThreshold: 5,
      // Longer than a call may last: calls that hang fail late, and must be seen together.
      rollingCountTimeout: 2 * timings.limitMs,
      resetTimeout: timings.restMs,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    })
    breaker.on('open', () => {
      log.warn({ calls: name, restMs: timings.restMs }, 'the cluster does not answer; it is left alone for a while')
    })
    breaker.on('close', () => log.info({ calls: name }, 'the cluster answers again'))
    return breaker
  }
  const reads = makeBreaker('reads')
  const writes = makeBreaker('writes')

  async function once<T>(what: string, changes: boolean, call: Call<T>): Promise<T> {
    const limit = new AbortController()
    // Not by `AbortSignal.timeout`, which stays for so long: most calls take some milliseconds.
    const timer = setTimeout(() => limit.abort(new DOMException('it took too long', 'TimeoutError')), timings.limitMs)
    try {
      return await call(limit.signal)
    } catch (error) {
      throw asFailure(error, { what, changes })
    } finally {
      clearTimeout(timer)
    }
  }

  async function behind<T>(breaker: typeof reads, what: string, changes: boolean, call: Call<T>): Promise<T> {
    let answer: { value: T } | undefined
    try {
      await breaker.fire(async () => {
        answer = { value: await once(what, changes, call) }
      })
    } catch (error) {
      if (!CircuitBreaker.isOurError(error as Error)) throw error
      const why = closing.signal.aborted
        ? 'it is closed'
        : 'the API server has not answered lately; it is asked again soon'
      throw new KubernetesError({ kind: 'unreachable', message: `cannot ${what}: ${why}` }, error)
    }
    return (answer as unknown as { value: T }).value
  }

  async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
    let waitedMs = 0
    for (let repeat = 0; ; repeat++) {
      try {
        return await attempt()
      } catch (error) {
        const failure = failureOf(error)
        if (failure?.kind !== 'throttled' || repeat === repeats) throw error
        // All who were told so come again, so each a little later than the others.
        const pauseMs = (failure.retryAfterMs ?? unsaidPauseMs) * (1 + random.fraction() / 4)
        waitedMs += pauseMs
        if (waitedMs > timings.patienceMs) throw error
        await clock.sleep(pauseMs, closing.signal)
        if (closing.signal.aborted) throw error
      }
    }
  }

  return {
    read: (what, call) => patiently(() => behind(reads, what, false, call)),
    write: (what, call) => patiently(() => behind(writes, what, true, call)),
    close() {
      closing.abort()
      reads.shutdown()
      writes.shutdown()
    },
  }
}
