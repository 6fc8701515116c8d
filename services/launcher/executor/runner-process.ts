import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { broken, codeOf, messageOf, unavailable } from '../../kit/errors.ts'
import { resolveCommand } from '../../kit/program-command.ts'
import type { AttemptFolder } from './attempt-folder.ts'
import type { AttemptToStart } from './executor.ts'

export type RunnerPlace = {
  nodePath: string
  /** The runner's entry. */
  runnerPath: string
  /** Relative paths in a program's command are looked for below these. */
  programFolders: readonly string[]
  /** Node keeps compiled code here, which halves a runner's start. */
  compileCache: string
  /** Programs keep here what is of use to later runs. */
  programCache: string
  /** The launcher's own environment, of which a runner gets only a part. */
  environment: NodeJS.ProcessEnv
}

export type RunnerEnd = { exitCode: number | null; signal: NodeJS.Signals | null }
export type SpawnedRunner = { child: ChildProcess; ended: Promise<RunnerEnd> }

const packageRoot = fileURLToPath(new URL('../../..', import.meta.url))
// A published package holds .js beside what is .ts in a checkout.
const ending = extname(fileURLToPath(import.meta.url))

/** The runner of the package that this file is part of. */
export function packagePlace(
  dataDirectory: string,
  programFolders: readonly string[],
  environment: NodeJS.ProcessEnv,
): RunnerPlace {
  return {
    nodePath: process.execPath,
    runnerPath: join(packageRoot, 'services', 'runner', `main${ending}`),
    programFolders,
    // The launcher's own where it has one: that is filled already when the first attempt starts.
    compileCache: environment['NODE_COMPILE_CACHE'] ?? resolve(dataDirectory, 'compile-cache'),
    programCache: resolve(dataDirectory, 'program-cache'),
    environment,
  }
}

/**
 * Spawns an attempt's runner in a process group of its own, so that it outlives the launcher. The token goes through its
 * standard input: an environment can be read by every process of the same user.
 */
export async function spawnRunner(
  attempt: AttemptToStart,
  folder: AttemptFolder,
  place: RunnerPlace,
): Promise<SpawnedRunner> {
  const log = openSync(folder.runnerLog, 'a')
  try {
    const command = resolveCommand(attempt.spec.program.command, place.programFolders)
    const child = spawn(place.nodePath, [place.runnerPath, '--', ...command], {
      cwd: folder.path,
      env: runnerEnvironment(attempt, folder.path, place),
      stdio: ['pipe', log, log],
      detached: true,
    })
    // A runner that dies before it has read the token is noticed by its exit.
    child.stdin?.on('error', () => undefined).end(attempt.token)
    const ended = new Promise<RunnerEnd>((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
    })
    await new Promise<void>((started, failed) => child.once('spawn', started).once('error', failed))
    child.unref()
    return { child, ended }
  } catch (error) {
    const code = codeOf(error)
    const reason = `attempt ${attempt.name} could not be started: ${messageOf(error)}`
    // No processes or no file handles left: the machine may have some later.
    if (code === 'EAGAIN' || code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM')
      throw unavailable(reason, { cause: error })
    throw broken(reason, { cause: error })
  } finally {
    closeSync(log)
  }
}

/** An allow-list: whatever else the launcher's environment holds is none of a runner's business. */
export function runnerEnvironment(
  attempt: AttemptToStart,
  workDirectory: string,
  { environment, compileCache, programCache }: RunnerPlace,
): NodeJS.ProcessEnv {
  const passed = Object.entries(environment).filter(([name]) => passedOn.has(name) || /^(CUDA|NVIDIA)_/.test(name))
  return {
    ...Object.fromEntries(passed),
    NODE_COMPILE_CACHE: compileCache,
    TRACEPARENT: attempt.traceparent,
    TRAINYARD_RUN_API: attempt.runApiUrl,
    TRAINYARD_ATTEMPT: attempt.name,
    TRAINYARD_WORK_DIR: workDirectory,
    TRAINYARD_CACHE_DIR: programCache,
    TRAINYARD_CLAIM_LIMIT_MS: String(attempt.deadlineMs),
  }
}

const passedOn = new Set(['PATH', 'HOME', 'LANG', 'TZ'])
