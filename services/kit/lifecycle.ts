/**
 * How a process begins and ends.
 *
 * States: idle → starting → running → stopping → ended.
 *
 * Invariants:
 * - parts start in the order in which they were added and stop in reverse, each stopped once and only if it started;
 *   a part without `start` is open already when it is added;
 * - a stop that is asked for during the start waits for the step in progress, and no further one is begun;
 * - stopping is bounded: past the limit the process exits all the same, since everything it does survives a kill;
 * - a second signal ends the process at once; what cannot be mended ends it with exit code 1.
 */
import type { Clock } from './clock.ts'
import { messageOf, unavailable } from './errors.ts'
import type { Logger } from './log.ts'

export interface Part {
  readonly name: string
  start?(): Promise<void> | void
  stop?(): Promise<void> | void
}

export interface Lifecycle {
  /**
   * A part without `start` counts as started from here on.
   * @throws unavailable when a stop was asked for meanwhile; the part is stopped, too
   */
  add(part: Part): void
  /** Runs `open`, which adds parts, then starts them all. When anything fails, what has begun is stopped and the error thrown. */
  start(open?: () => Promise<void>): Promise<void>
  /** Stops all parts; further calls get the same promise. */
  stop(): Promise<void>
  /** Ends the process with exit code 1 after an orderly stop. */
  fail(error: unknown): void
}

export interface LifecycleOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly stopLimitMs: number
  readonly exit: (code: number) => void
}

export function makeLifecycle(options: LifecycleOptions): Lifecycle {
  const { clock, log, stopLimitMs, exit } = options
  const parts: Part[] = []
  const started: Part[] = []
  let starting: Promise<void> = Promise.resolve()
  let stopped: Promise<void> | undefined

  function goOn(): void {
    if (stopped) throw unavailable('it was stopped before it was ready')
  }

  async function startAll(open: () => Promise<void>): Promise<void> {
    await open()
    for (const part of parts) {
      goOn()
      await part.start?.()
      started.push(part)
    }
    goOn()
  }

  async function stopAll(): Promise<void> {
    await starting.catch(() => {})
    for (let part = started.pop(); part !== undefined; part = started.pop()) {
      try {
        await part.stop?.()
      } catch (error) {
        log.error({ part: part.name, error: messageOf(error) }, 'a part did not stop cleanly')
      }
    }
  }

  const lifecycle: Lifecycle = {
    add(part) {
      if (part.start) parts.push(part)
      else started.push(part)
      goOn()
    },

    async start(open = async () => {}) {
      starting = startAll(open)
      try {
        await starting
      } catch (error) {
        await lifecycle.stop()
        throw error
      }
    },

    stop() {
      stopped ??= (async () => {
        const done = new AbortController()
        const late = clock.sleep(stopLimitMs, done.signal).then(() => !done.signal.aborted)
        const tooLate = await Promise.race([stopAll().then(() => false), late])
        done.abort()
        if (tooLate) log.warn({ limitMs: stopLimitMs }, 'stopping took too long; what is left is cut off')
      })()
      return stopped
    },

    fail(error) {
      log.fatal({ error: messageOf(error), stack: error instanceof Error ? error.stack : undefined }, 'cannot go on')
      void lifecycle.stop().then(() => exit(1))
    },
  }
  return lifecycle
}

// A terminal or a supervisor signals a whole group, and a parent in it passes the signal on: that is one wish, heard twice.
const echoMs = 1_000

/** SIGTERM and SIGINT stop in order, then exit 0; the second one exits at once. What nobody caught ends the process. */
export function obeySignals(lifecycle: Lifecycle, clock: Clock, log: Logger, exit: (code: number) => void): void {
  const numbers = { SIGINT: 2, SIGTERM: 15 } as const
  let askedAtMs: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (askedAtMs !== undefined) {
        if (clock.monotonicMs() - askedAtMs > echoMs) exit(128 + numbers[signal])
        return
      }
      askedAtMs = clock.monotonicMs()
      log.info({ signal }, 'stopping')
      void lifecycle.stop().then(() => exit(0))
    })
  }
  process.on('uncaughtException', (error) => lifecycle.fail(error))
  process.on('unhandledRejection', (error) => lifecycle.fail(error))
}
