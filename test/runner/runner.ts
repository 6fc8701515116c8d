import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { endStrays } from '../../services/launcher/executor/strays.ts'
import { cleanup } from '../harness/cleanup.ts'
import { temporaryFolder } from './program.ts'
import { attemptName, token } from './run-api.ts'

const main = fileURLToPath(new URL('../../services/runner/main.ts', import.meta.url))

export interface RunnerProcess {
  readonly pid: number
  readonly workDirectory: string
  /** Its exit code or signal. */
  readonly ended: Promise<number | string>
  kill(signal: NodeJS.Signals): void
}

export interface RunnerOptions {
  workDirectory?: string
  token?: string
  environment?: Record<string, string>
  /** What stands in for this checkout's. */
  node?: string
  entry?: string
  /** Where it is started, if not in its work folder. */
  directory?: string
}

/** A real runner, started as the process executor does it. */
export async function startRunner(
  t: Pick<TestContext, 'after'>,
  url: string,
  command: readonly string[],
  options: RunnerOptions = {},
): Promise<RunnerProcess> {
  const workDirectory = options.workDirectory ?? (await temporaryFolder(t))
  const { node = process.execPath, entry = main, directory = workDirectory } = options
  const child = spawn(node, [entry, '--', ...command], {
    cwd: directory,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TRAINYARD_RUN_API: url,
      TRAINYARD_ATTEMPT: attemptName,
      TRAINYARD_WORK_DIR: workDirectory,
      ...options.environment,
    },
  })
  child.stdin.end(options.token ?? token)
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code ?? -1)),
  )
  cleanup(t, async () => {
    child.kill('SIGKILL')
    await ended
    await endStrays(workDirectory)
  })
  return {
    pid: child.pid ?? -1,
    workDirectory,
    ended,
    kill: (signal) => {
      child.kill(signal)
    },
  }
}

/** Whether the process is there and is more than an entry that nobody has collected. */
export async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // One that is being killed has lost its memory a moment before it is listed as dead.
  const pages = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '0 ')
  return status !== '' && !/\) [ZX] /.test(status) && !pages.startsWith('0 ')
}
