/**
 * Runs one step of the training program as a process group of its own, so that it can be stopped with all its children.
 *
 * running ─▶ ended                               the program's own end
 *    └─ stop ─▶ SIGTERM ─ grace ─▶ SIGKILL ─▶ ended
 *
 * Invariant: when `runProgram` resolves, nothing of the group is left, so that the files are at rest.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { codeOf, messageOf } from './errors.ts'
import { atMonotonic, type Stopping, whenAborted } from './stopping.ts'

export type ProgramEnd =
  | { kind: 'exited'; exitCode: number | null; signal: NodeJS.Signals | null }
  | { kind: 'notStarted'; reason: string }

export type ProgramToRun = {
  command: readonly string[]
  step: 'train' | 'predict'
  directory: string
  environment: NodeJS.ProcessEnv
  graceMs: number
  stopping: Stopping
  onStdout: (chunk: Buffer) => void
  onStderr: (chunk: Buffer) => void
}

/** How long output may still come after the group is gone: only a child that left the group can hold the pipes open. */
const outputLimitMs = 500

export async function runProgram(options: ProgramToRun): Promise<ProgramEnd> {
  const { stopping } = options
  const [file = '', ...parameters] = options.command
  const child = spawn(file, [...parameters, options.step], {
    cwd: options.directory,
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const end = endOf(child)
  const closed = new Promise((resolve) => child.once('close', resolve))
  const group = child.pid
  if (group === undefined) return end

  child.stdout.on('data', options.onStdout)
  child.stderr.on('data', options.onStderr)
  let forgetKill: (() => void) | undefined
  const forgetStop = whenAborted(stopping.working, () => {
    signalGroup(group, 'SIGTERM')
    forgetKill = atMonotonic(performance.now() + options.graceMs, () => signalGroup(group, 'SIGKILL'))
  })
  const forgetLost = whenAborted(stopping.lost, () => signalGroup(group, 'SIGKILL'))

  const ended = await end
  forgetStop()
  forgetLost()
  forgetKill?.()
  signalGroup(group, 'SIGKILL')
  const limit = setTimeout(() => {
    child.stdout.destroy()
    child.stderr.destroy()
  }, outputLimitMs)
  await closed
  clearTimeout(limit)
  return ended
}

function endOf(child: ChildProcess): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ kind: 'exited', exitCode, signal }))
    child.once('error', (error) => {
      // Without a process id it never ran; an error after that is one of signalling, and the exit still comes.
      if (child.pid !== undefined) return
      const why = startProblems[codeOf(error) ?? '']
      resolve({ kind: 'notStarted', reason: why === undefined ? messageOf(error) : `${child.spawnfile} ${why}` })
    })
  })
}

const startProblems: Readonly<Record<string, string>> = {
  ENOENT: 'was not found',
  EACCES: 'may not be executed by this user',
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch (error) {
    // Nobody is left in it; macOS says EPERM when only the dead are.
    const code = codeOf(error)
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
