/**
 * Which process is meant by a process id that was written down: ids come again, together with the time of their start they
 * don't. The runner writes the same text about itself (services/runner/record.ts). Linux: the boot and the clock ticks
 * since it, from /proc; elsewhere what `ps` says.
 */

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

export type ProcessIdentity = { pid: number; startedAt: string }

export async function isAlive({ pid, startedAt }: ProcessIdentity): Promise<boolean> {
  return (await startOf(pid)) === startedAt
}

/** Undefined when there is no such process, or only the entry of a dead one that nobody has collected. */
export async function startOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid)
}

async function startFromProc(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat === undefined) return undefined
  // The command's name stands in brackets and may hold anything; the state is the third field of all, the start the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  return `${boot}/${fields[19]}`
}

async function startFromPs(pid: number): Promise<string | undefined> {
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
  const ask = promisify(execFile)('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { env: environment })
  const answer = await ask.then(({ stdout }) => stdout.trim()).catch(() => '')
  if (answer === '' || answer.startsWith('Z')) return undefined
  return answer.replace(/^\S+\s+/, '')
}
