/**
 * The executor for one machine: an attempt is a runner process with a folder of its own, below `<data>/attempts/`.
 *
 *     absent ─ start ─▶ starting ─▶ running ─▶ ended ─ release ─▶ absent
 *
 * Everything that counts is in the folder (attempt-folder.ts) and in the process table, so a launcher that was killed finds
 * its attempts again. In memory are only the children of this very process, whose exit is heard at once; others are looked
 * at every `pollMs`.
 *
 * Invariants:
 * - One runner per folder, whatever crashes between spawning and recording: the runner's own record decides, and a second
 *   one does nothing. Should that fail too, the run API lets one runner alone claim the attempt (I1).
 * - `ended` is said when neither runner nor anything of its program is left (D13); what a dead runner left behind is
 *   ended by force, since nobody would take its result.
 * - A process is signalled only while its id *and* its start time are those on record.
 */

import type { ChildProcess } from 'node:child_process'
import { mkdirSync, realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { AttemptName } from '../../../schemas/words.ts'
import type { Clock } from '../../kit/clock.ts'
import { codeOf, conflict, messageOf, unavailable } from '../../kit/errors.ts'
import type { Logger } from '../../kit/log.ts'
import {
  type AttemptFolder,
  attemptFolder,
  attemptsBelow,
  type RunnerRecord,
  type StartRecord,
} from './attempt-folder.ts'
import type { AttemptToStart, Executor, Observation } from './executor.ts'
import { isAlive, type ProcessIdentity } from './process-identity.ts'
import { packagePlace, type RunnerEnd, spawnRunner } from './runner-process.ts'
import { endStrays } from './strays.ts'

export type ProcessExecutorOptions = {
  dataDirectory: string
  /** Relative paths in a program's command are looked for below these. */
  programFolders: readonly string[]
  /** The launcher's own environment, of which a runner gets only a part. */
  environment: NodeJS.ProcessEnv
  clock: Clock
  log: Logger
  /** How often an attempt is looked at whose runner is not a child of this process. */
  pollMs?: number
  /** What a runner gets above the grace time, to save the program's work and tell the end. */
  settleMs?: number
  /** How long a runner that nobody can see may take to appear. */
  startLimitMs?: number
}

// A longer timer would fire at once.
const longestTimerMs = 2 ** 31 - 1

export function createProcessExecutor(options: ProcessExecutorOptions): Executor {
  const { clock, log, pollMs = 1_000, settleMs = 10_000, startLimitMs = 10_000 } = options
  const place = packagePlace(options.dataDirectory, options.programFolders, options.environment)
  const root = join(options.dataDirectory, 'attempts')
  mkdirSync(root, { recursive: true, mode: 0o700 })
  // The same text after a restart, whatever way leads there: strays are known by it.
  const realRoot = realpathSync(root)
  const starts = new Map<AttemptName, Promise<void>>()
  const children = new Map<AttemptName, ChildProcess>()
  const kills = new Map<AttemptName, { dueMs: number; timer: NodeJS.Timeout }>()
  const watched = new Set<AttemptName>()
  /** Nothing of these is left, and nothing can come anew: they need not be searched for again. */
  const gone = new Set<AttemptName>()
  const listeners: ((name: AttemptName) => void)[] = []
  const folderOf = (name: AttemptName): AttemptFolder => attemptFolder(realRoot, name)
  let closed = false
  let looking = false

  function tell(name: AttemptName): void {
    if (closed) return
    for (const listener of listeners) listener(name)
  }

  async function startOnce(attempt: AttemptToStart): Promise<void> {
    const { name, run, kind } = attempt
    const { command } = attempt.spec.program
    const folder = folderOf(name)
    const before = await folder.start()
    if (before !== undefined) {
      if (before.run !== run || before.kind !== kind || before.command.join('\0') !== command.join('\0')) {
        throw conflict(`attempt ${name} was started before, and as something else`, {
          hint: `A name is never used twice; ${folder.path} tells what it was used for.`,
        })
      }
      // Started by a launcher that is gone. Without a record the runner may never have been spawned; should it be on its
      // way all the same, one of the two will do nothing.
      if (children.has(name) || (await folder.runner()) !== undefined) return
    }
    await folder.recordStart({ name, run, kind, command, startedAt: clock.now().toISOString() })
    const { child, ended } = await spawnRunner(attempt, folder, place)
    children.set(name, child)
    void ended.then((end) => childEnded(name, child, end))
  }

  async function childEnded(name: AttemptName, child: ChildProcess, { exitCode, signal }: RunnerEnd): Promise<void> {
    const folder = folderOf(name)
    try {
      // It may have been the second in its folder, and its end means nothing then.
      const wasRunner = (await folder.runner())?.pid === child.pid || (await folder.closeToRunners())
      if (wasRunner && (await folder.exit()) === undefined) {
        const how = signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`
        const words = await folder.lastWords()
        const reason = `the runner ${how}${words === '' ? '' : `: ${words}`}`
        await folder.recordExit({ exitCode, signal, reason })
      }
    } catch (error) {
      // Nothing is lost but the words: that it is gone is seen by every look at it.
      log.warn({ attempt: name, error: messageOf(error) }, "a runner's end could not be written down")
    } finally {
      children.delete(name)
      tell(name)
    }
  }

  /** What another launcher releases meanwhile is absent, whatever was seen of it while it went. */
  async function observe(name: AttemptName): Promise<Observation> {
    const folder = folderOf(name)
    const start = await folder.start()
    try {
      const seen = start && (await observeStarted(name, folder, start))
      if (seen && (seen.state !== 'starting' || (await folder.start()) !== undefined)) return seen
    } catch (error) {
      if ((await folder.start()) !== undefined) throw error
    }
    watched.delete(name)
    return { state: 'absent' }
  }

  async function observeStarted(name: AttemptName, folder: AttemptFolder, start: StartRecord): Promise<Observation> {
    const runner = await folder.runner()
    if (runner === undefined) {
      const ageMs = clock.now().getTime() - Date.parse(start.startedAt)
      const isAwaited = children.has(name) || ageMs < startLimitMs
      if (isAwaited || !(await folder.closeToRunners())) return { state: 'starting', handle: 'not up yet' }
    } else if (await isRunning(name, folder, runner)) {
      if (!children.has(name)) watched.add(name)
      return { state: 'running', handle: `process ${runner.pid}, started at ${runner.startedAt}` }
    }
    watched.delete(name)
    const exit = await folder.exit()
    if (exit !== undefined) return { state: 'ended', ...exit }
    const reason =
      runner === undefined || runner.pid === null
        ? 'its runner never came up'
        : 'its runner is gone without a word: it was killed, or the machine was restarted'
    await folder.recordExit({ exitCode: null, signal: null, reason })
    return { state: 'ended', exitCode: null, signal: null, reason }
  }

  /** Its runner is there, or its end is still being written down, or something of its program will not go. */
  async function isRunning(name: AttemptName, folder: AttemptFolder, runner: RunnerRecord): Promise<boolean> {
    if (children.has(name)) return true
    if (gone.has(name)) return false
    if (isProcess(runner) && (await isAlive(runner))) return true
    if (!(await endStrays(folder.path))) return true
    gone.add(name)
    return false
  }

  async function stop(name: AttemptName, graceMs: number): Promise<void> {
    const folder = folderOf(name)
    if ((await folder.start()) === undefined) return
    if (await signalRunner(name, folder, 'SIGTERM')) {
      killLater(name, graceMs === 0 ? 0 : graceMs + settleMs)
      return
    }
    // Nobody is there to be asked: neither may one come yet, nor may something of its program stay.
    await folder.closeToRunners()
    await endStrays(folder.path)
    tell(name)
  }

  /** Never later than an earlier call said. */
  function killLater(name: AttemptName, inMs: number): void {
    const dueMs = clock.monotonicMs() + inMs
    const before = kills.get(name)
    if (before !== undefined && before.dueMs <= dueMs) return
    clearTimeout(before?.timer)
    kills.set(name, { dueMs, timer: setTimeout(() => void kill(name), Math.min(inMs, longestTimerMs)).unref() })
  }

  async function kill(name: AttemptName): Promise<void> {
    kills.delete(name)
    const folder = folderOf(name)
    try {
      await signalRunner(name, folder, 'SIGKILL')
      await endStrays(folder.path)
    } catch (error) {
      log.warn({ attempt: name, error: messageOf(error) }, 'an attempt could not be ended by force')
    }
    tell(name)
  }

  /** Signals the runner and all of its group; false if it is not there. */
  async function signalRunner(name: AttemptName, folder: AttemptFolder, signal: NodeJS.Signals): Promise<boolean> {
    const child = children.get(name)
    const runner = await folder.runner()
    const isOurs = child?.pid !== undefined && child.exitCode === null && child.signalCode === null
    if (isOurs && child.pid !== undefined) return signalGroup(child.pid, signal)
    if (runner === undefined || !isProcess(runner) || !(await isAlive(runner))) return false
    return signalGroup(runner.pid, signal)
  }

  /** Hears what no child's exit tells. */
  async function look(): Promise<void> {
    if (looking) return
    looking = true
    for (const name of watched) {
      try {
        const { state } = await observe(name)
        if (state === 'absent' || state === 'ended') tell(name)
      } catch (error) {
        log.warn({ attempt: name, error: messageOf(error) }, 'an attempt could not be looked at')
      }
    }
    looking = false
  }

  for (const name of attemptsBelow(realRoot)) watched.add(name)
  const timer = setInterval(() => void look(), pollMs).unref()

  return {
    name: 'process',
    place: `${realRoot} on ${hostname()}`,
    longestWaitSeconds: null,
    async start(attempt) {
      const { name } = attempt
      if (closed) throw unavailable(`attempt ${name} is not started: the launcher is about to end`)
      const earlier = starts.get(name) ?? Promise.resolve()
      // One after the other, also when it failed: what is asked for may be something else.
      const start = earlier.catch(() => {}).then(() => startOnce(attempt))
      starts.set(name, start)
      try {
        await start
      } finally {
        if (starts.get(name) === start) starts.delete(name)
      }
      return {}
    },
    observe,
    stop,
    async release(name) {
      const { state } = await observe(name)
      if (state !== 'absent' && state !== 'ended') {
        throw conflict(`attempt ${name} is ${state}: its folder stays until it has ended`)
      }
      clearTimeout(kills.get(name)?.timer)
      kills.delete(name)
      gone.delete(name)
      // Also of an absent one: a crash while its folder was made or removed, or its own program, may have left a part of it.
      const folder = folderOf(name)
      if (state === 'absent' && !(await endStrays(folder.path))) throw unavailable(`${name} has left what does not end`)
      await folder.remove()
    },
    onChange: (listener) => void listeners.push(listener),
    objections: async () => [],
    remarks: async () => [],
    list: async () => attemptsBelow(realRoot),
    async close() {
      closed = true
      clearInterval(timer)
      for (const { timer } of kills.values()) clearTimeout(timer)
    },
  }
}

function isProcess(runner: RunnerRecord): runner is ProcessIdentity {
  return runner.pid !== null
}

function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal)
    return true
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
    throw error
  }
}
