/** Tells whoever follows a run that something about it has changed. News stays in this process; a follower also looks by itself. */
import { EventEmitter, once } from 'node:events'
import type { RunId } from '../../schemas/words.ts'

export interface News {
  tell(run: RunId): void
  /** Resolves at the next news of the run, after the time, or when `gone` is aborted. */
  next(run: RunId, withinMs: number, gone: AbortSignal): Promise<void>
}

export function makeNews(): News {
  const emitter = new EventEmitter().setMaxListeners(0)
  return {
    tell: (run) => void emitter.emit(run),
    async next(run, withinMs, gone) {
      const signal = AbortSignal.any([AbortSignal.timeout(withinMs), gone])
      await once(emitter, run, { signal }).catch(() => {})
    },
  }
}
