import type { Clock } from './clock.ts'
import { messageOf } from './errors.ts'
import type { Logger } from './log.ts'

/**
 * Work that is done again and again: look, do what is due, say when to look next. Waking it is a hint that saves the
 * wait; the poll is the net below, so a lost wake costs time and never work.
 */
export interface Loop {
  readonly name: string
  /** The longest time between two looks: what another process has left due meanwhile was announced to nobody here. */
  readonly pollMs: number
  /** One look. Resolves to the milliseconds until the next one (0: at once); undefined: after `pollMs`. */
  work(signal: AbortSignal): Promise<number | undefined>
}

export interface RunningLoop extends Loop {
  wake(): void
  start(): void
  /** Resolves when the look in progress has ended. */
  stop(): Promise<void>
}

const longestBackoffMs = 10_000

export function makeLoop(loop: Loop, clock: Clock, log: Logger): RunningLoop {
  const stopping = new AbortController()
  let woken = false
  let rouse: () => void = () => {}
  let done: Promise<void> = Promise.resolve()

  async function run(): Promise<void> {
    let failures = 0
    while (!stopping.signal.aborted) {
      woken = false
      let waitMs: number
      try {
        waitMs = Math.min(loop.pollMs, (await loop.work(stopping.signal)) ?? loop.pollMs)
        failures = 0
      } catch (error) {
        failures += 1
        waitMs = Math.min(longestBackoffMs, loop.pollMs * 2 ** failures)
        if (failures === 1 && !stopping.signal.aborted) {
          log.error(
            { loop: loop.name, error: messageOf(error), stack: error instanceof Error ? error.stack : undefined },
            'a loop failed and is tried again',
          )
        }
      }
      if (waitMs > 0 && !woken) await nap(waitMs)
    }
  }

  async function nap(milliseconds: number): Promise<void> {
    const awake = new AbortController()
    // With a reason, since none is an error with its stack.
    rouse = () => awake.abort('woken')
    await clock.sleep(milliseconds, awake.signal, stopping.signal)
    rouse = () => {}
  }

  return {
    ...loop,
    wake() {
      woken = true
      rouse()
    },
    start() {
      done = run()
    },
    async stop() {
      stopping.abort()
      await done
    },
  }
}
