import { openSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

const limitBytes = 10 * 1024 * 1024

/**
 * Opens what the embedded server writes to, at its end. One that has grown large is put aside first, as `server.log.1`, so
 * that both together stay small however often the server starts.
 */
export function openServerLog(directory: string): number {
  const file = join(directory, 'server.log')
  const sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (sizeBytes > limitBytes) renameSync(file, `${file}.1`)
  return openSync(file, 'a')
}
