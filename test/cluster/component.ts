import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { eventually } from '../harness/eventually.ts'
import { endBy, ended, endWithUs } from '../harness/process.ts'

/** One program of the control plane. It keeps its port and its files from start to start. */
export interface Component {
  /** Resolves once it answers. */
  start(): Promise<void>
  /** SIGKILL where nothing else is said. Resolves once it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** SIGSTOP: its connections stay open and nothing is answered. */
  pause(): void
  resume(): void
}

export interface Program {
  readonly name: string
  readonly path: string
  readonly parameters: readonly string[]
  /** Where what it writes is kept. */
  readonly log: string
  /** Whether it answers; what it throws means no. */
  readonly ready: () => Promise<boolean>
}

export function makeComponent({ name, path, parameters, log, ready }: Program): Component {
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    if (child) throw new Error(`${name} runs already`)
    const output = await open(log, 'a')
    const started = spawn(path, parameters, { stdio: ['ignore', output.fd, output.fd] })
    child = started
    // A test's process ends when its work is done, whoever else still runs.
    started.unref()
    await output.close()
    endWithUs(started)
    try {
      await eventually(() => ended(started) || ready(), { what: `an answer of ${name}` })
      if (ended(started)) throw new Error(`${name} ended`)
    } catch (error) {
      await stop()
      const said = await readFile(log, 'utf8')
      throw new Error(`${name} did not come up; it said last:\n${said.slice(-4_000)}`, { cause: error })
    }
  }

  async function stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = child
    child = undefined
    if (running) await endBy(running, signal)
  }

  return { start, stop, pause: () => child?.kill('SIGSTOP'), resume: () => child?.kill('SIGCONT') }
}
