/** The part of `echo` that dawdles, hangs, leaves children, crashes or gives up, as told. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Folders } from '../contract/folders.ts'
import { ProgramEnd, resumable } from '../contract/outcome.ts'
import { log, reportProgress } from '../contract/report.ts'
import type { Misbehaviour } from './options.ts'

/** What the checkpoint folder keeps from attempt to attempt. */
type Checkpoint = { sleptMs: number; saves: number }

export async function misbehave(told: Misbehaviour, folders: Folders): Promise<void> {
  const checkpoint = readCheckpoint(folders)
  await sleep(told.sleepMs, checkpoint, folders)
  printLog(told.logMegabytes)
  if (told.children + told.detachedChildren > 0) await startChildren(told)
  if (checkpoint.saves < told.saveAndExit) {
    writeCheckpoint(folders, { ...checkpoint, saves: checkpoint.saves + 1 })
    throw resumable(`Saved ${checkpoint.saves + 1} of ${told.saveAndExit} times, to be resumed.`)
  }
  if (told.hang !== undefined) await hang(told.hang)
  if (told.crash !== undefined) await kill(told.crash)
  if (told.exitCode !== undefined) throw new ProgramEnd(told.exitCode, `Told to end with exit code ${told.exitCode}.`)
}

async function sleep(sleepMs: number, checkpoint: Checkpoint, folders: Folders): Promise<void> {
  if (sleepMs === 0) return
  const { promise: stopped, resolve: stop } = Promise.withResolvers<'stopped'>()
  process.on('SIGTERM', () => stop('stopped'))
  const steps = 10
  for (let sleptMs = checkpoint.sleptMs; sleptMs < sleepMs; sleptMs += sleepMs / steps) {
    const slept = new Promise<'slept'>((resolve) => setTimeout(resolve, sleepMs / steps, 'slept'))
    if ((await Promise.race([slept, stopped])) === 'stopped') {
      writeCheckpoint(folders, { ...checkpoint, sleptMs })
      throw resumable(`Stopped by SIGTERM after ${sleptMs} of ${sleepMs} ms, to be resumed.`)
    }
    reportProgress((sleptMs + sleepMs / steps) / sleepMs)
    log(`slept ${Math.round(sleptMs + sleepMs / steps)} of ${sleepMs} ms`)
  }
  process.removeAllListeners('SIGTERM')
}

function printLog(megabytes: number): void {
  const line = `${'echo '.repeat(20).trim()}\n`
  const kilobyte = line.repeat(Math.ceil(1000 / line.length)).slice(-1000)
  for (let printed = 0; printed < megabytes * 1000; printed += 1) process.stdout.write(kilobyte)
}

async function startChildren(told: Misbehaviour): Promise<void> {
  const { spawn } = await import('node:child_process')
  const program = "process.on('SIGTERM', () => {}); setInterval(() => {}, 60_000)"
  for (let started = 0; started < told.children + told.detachedChildren; started += 1) {
    const detached = started >= told.children
    const child = spawn(process.execPath, ['-e', program], { detached, stdio: ['ignore', 'inherit', 'inherit'] })
    child.unref()
    log(`started child ${child.pid}${detached ? ' in a process group of its own' : ''}`)
  }
}

/** Does not return: the timer keeps the process alive. */
function hang(how: 'untilTerm' | 'ignoreTerm'): Promise<never> {
  if (how === 'ignoreTerm') process.on('SIGTERM', () => log('ignoring SIGTERM'))
  log(`hanging, ${how}`)
  return forever()
}

function kill(signal: NodeJS.Signals): Promise<never> {
  process.kill(process.pid, signal)
  return forever()
}

function forever(): Promise<never> {
  setInterval(() => {}, 60_000)
  return new Promise(() => {})
}

const checkpointFile = 'echo.json'

function readCheckpoint(folders: Folders): Checkpoint {
  try {
    return JSON.parse(readFileSync(join(folders.checkpoint, checkpointFile), 'utf8'))
  } catch {
    return { sleptMs: 0, saves: 0 }
  }
}

function writeCheckpoint(folders: Folders, checkpoint: Checkpoint): void {
  mkdirSync(folders.checkpoint, { recursive: true })
  writeFileSync(join(folders.checkpoint, checkpointFile), JSON.stringify(checkpoint))
}
