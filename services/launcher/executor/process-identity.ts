/**
 * Which process is meant by a process id that was written down: ids come again, together with the time of their start they
 * don't. The runner writes the same text about itself (services/runner/record.ts). Linux: the boot and the clock ticks
 * since it, from /proc; elsewhere what `ps` says.
 */

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { codeOf } from '../../kit/errors.ts'

export type ProcessIdentity = { pid: number; startedAt: string }

export async function isAlive({ pid, startedAt }: ProcessIdentity): Promise<boolean> {
  return (await startOf(pid)) === startedAt
}

/**
 * Undefined when there is no such process, or only the entry of a dead one that nobody has collected.
 * @throws when that cannot be found out, as without a free file handle: then it is not dead (D13)
 */
export async function startOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid)
}

async function startFromProc(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(undefinedIfGone)
  if (stat === undefined) return undefined
  // The command's name stands in brackets and may hold anything; the state is the third field of all, the start the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  return `${boot}/${fields[19]}`
}

/** It may also go between the opening and the reading. */
function undefinedIfGone(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ESRCH') throw error
}

async function startFromPs(pid: number): Promise<string | undefined> {
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
  const ask = promisify(execFile)('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { env: environment })
  const answer = await ask.then(({ stdout }) => stdout.trim()).catch(emptyIfNone)
  if (answer === '' || answer.startsWith('Z')) return undefined
  return answer.replace(/^\S+\s+/, '')
}

/** With the exit code 1, `ps` says that it has found nothing. */
function emptyIfNone(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 1) return ''
  throw error
}
