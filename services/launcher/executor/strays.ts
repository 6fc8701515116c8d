/**
 * Finds and ends what an attempt's program left running, wherever it has gone: also a child that made itself a session
 * of its own and so is in no group that could be signalled. All of them carry the attempt's folders in their environment.
 * (One that has overwritten its environment is not found once its runner is gone; in a container nothing gets away.)
 */

import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { codeOf } from '../../kit/errors.ts'

const lookAgainMs = 20
const looks = 50

/** Ends all that is left of the program that ran in `folder`; false if something is still there. */
export async function endStrays(folder: string): Promise<boolean> {
  for (let look = 0; look < looks; look++) {
    const found = await straysOf(folder)
    if (found.length === 0) return true
    for (const pid of found) kill(pid)
    await delay(lookAgainMs)
  }
  return false
}

function straysOf(folder: string): Promise<number[]> {
  const mark = `TRAINYARD_CHECKPOINT_DIR=${folder}/`
  return process.platform === 'linux' ? fromProc(mark) : fromPs(mark)
}

async function fromProc(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A dead one that is not collected has no environment left.
      const environment = await readFile(`/proc/${pid}/environ`).catch(undefinedIfNotOurs)
      return environment?.includes(mark) ? [Number(pid)] : []
    }),
  )
  return found.flat()
}

/** Another user's, or gone by now. With any other error, as without a free file handle, it might be ours. */
function undefinedIfNotOurs(error: unknown): undefined {
  if (!['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error) ?? '')) throw error
}

async function fromPs(mark: string): Promise<number[]> {
  const options = { maxBuffer: 64 * 2 ** 20 }
  const { stdout } = await promisify(execFile)('ps', ['-A', '-E', '-ww', '-o', 'pid=,command='], options)
  return stdout
    .split('\n')
    .filter((line) => line.includes(mark))
    .map((line) => Number.parseInt(line, 10))
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}
