import type { RunApi } from './api.ts'
import { NotOurs } from './errors.ts'
import { createOutputReader, type OutputReader } from './lines.ts'
import { createLog } from './log.ts'
import { createShipping } from './shipping.ts'
import type { Stopping } from './stopping.ts'

/** All that the program says while it runs: its log, on the way to the launcher, and how far it is. */
export interface Output {
  stdout(): OutputReader
  stderr(): OutputReader
  /** The share that is done, or null when the program has not said. */
  progress(): number | null
  lastLine(): string
  /** Why the log is not whole, when that is not for its length. */
  trouble(): string | undefined
  /** The log is complete; resolves when the launcher has all of it. */
  finish(signal: AbortSignal): Promise<void>
  close(): void
}

export function openOutput(options: { path: string; limitBytes: number; api: RunApi; stopping: Stopping }): Output {
  const { api, stopping } = options
  const log = createLog(options.path, options.limitBytes)
  const shipping = createShipping({
    log,
    api,
    signal: stopping.working,
    onError: (error) => {
      if (error instanceof NotOurs) stopping.stop({ kind: 'lost', reason: error.message })
    },
  })
  let progress: number | null = null

  function append(lines: Buffer): void {
    log.append(lines)
    shipping.wake()
  }

  return {
    stdout: () =>
      createOutputReader({
        log: append,
        progress: (share) => {
          progress = share
        },
      }),
    stderr: () => createOutputReader({ log: append }),
    progress: () => progress,
    lastLine: log.lastLine,
    trouble: log.trouble,
    finish(signal) {
      log.finish()
      return shipping.flush(signal)
    },
    close: log.close,
  }
}
