import type { RunApi } from './api.ts'
import { NotOurs } from './errors.ts'
import type { Stopping } from './stopping.ts'

/**
 * Says every `everyMs` that the attempt lives and how far it is, and hears whether it is to stop. A beat that does not
 * get through is no matter: silence is not death (D13). Returns what ends it; it must be called before the attempt's last
 * word, after which the launcher answers a beat as that of a stranger.
 */
export function startHeartbeat(options: {
  api: RunApi
  everyMs: number
  progress: () => number | null
  stopping: Stopping
}): () => void {
  const { api, everyMs, progress, stopping } = options
  let beating = false
  let over = false

  async function beat(): Promise<void> {
    if (beating) return
    beating = true
    try {
      const { stop } = await api.heartbeat(progress(), stopping.lost)
      if (stop !== null && !over) stopping.stop({ kind: 'asked', reason: stop })
    } catch (error) {
      if (error instanceof NotOurs && !over) stopping.stop({ kind: 'lost', reason: error.message })
    } finally {
      beating = false
    }
  }

  const timer = setInterval(beat, everyMs).unref()
  return () => {
    over = true
    clearInterval(timer)
  }
}
