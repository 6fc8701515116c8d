/**
 * What a runner leaves in its work folder for whoever started it, and finds it again after a crash of its own:
 *
 * - `runner.json`: which process this is. Made by a link, so there is exactly one: of two runners that were started in
 *   the same folder, the second sees it and does nothing.
 * - `exit.json`: how the runner ended. One that was killed leaves none.
 */

import { execFileSync } from 'node:child_process'
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from './errors.ts'

/** Whether this process is the folder's runner. */
export function recordRunner(folder: string): boolean {
  const own = join(folder, `runner-${process.pid}.json`)
  writeFileSync(own, JSON.stringify({ pid: process.pid, startedAt: ownStart() }))
  try {
    linkSync(own, join(folder, 'runner.json'))
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(own)
  }
}

export function recordExit(folder: string, exitCode: number, reason: string): void {
  const written = join(folder, 'exit.json.new')
  writeFileSync(written, JSON.stringify({ exitCode, signal: null, reason }))
  renameSync(written, join(folder, 'exit.json'))
}

/**
 * When this process was started, as a text to compare: process ids come again, together with this they don't. Linux: the
 * boot and the clock ticks since it; elsewhere what `ps` says.
 */
function ownStart(): string {
  if (process.platform !== 'linux') {
    const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(process.pid)], { env: environment })
      .toString()
      .trim()
  }
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const stat = readFileSync('/proc/self/stat', 'utf8')
  // The command's name stands in brackets and may hold anything; the start is the 22nd field of all.
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return `${boot}/${ticks}`
}
