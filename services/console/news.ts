import { EventEmitter } from 'node:events'
import type { Clock } from '../kit/clock.ts'

/** Says within this process that the history has grown. A hint: whoever waits looks by itself after a while. */
export interface News {
  announce(): void
  /** How often it was announced; read it before looking, so that what comes while looking is not slept through. */
  readonly count: number
  /** Resolves when it has been announced more than `seen` times, after `limitMs`, or when the signal aborts. */
  wait(seen: number, limitMs: number, signal: AbortSignal): Promise<void>
}

export function makeNews(clock: Clock): News {
  const emitter = new EventEmitter().setMaxListeners(0)
  let count = 0
  return {
    get count() {
      return count
    },
    announce() {
      count += 1
      emitter.emit('news')
    },
    async wait(seen, limitMs, signal) {
      if (count !== seen || signal.aborted) return
      const awake = new AbortController()
      const rouse = () => awake.abort('news')
      emitter.once('news', rouse)
      await clock.sleep(limitMs, awake.signal, signal)
      emitter.off('news', rouse)
    },
  }
}
