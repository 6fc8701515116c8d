/** A `trainyard dev` of the demo's own: in a scratch directory, on a free port, stopped and removed at the end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { makeApi } from '../client/api.ts'
import { makeClient } from '../client/client.ts'
import { CommandFailure } from '../failure.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const stopLimitMs = 30_000
const cancelLimitMs = 5_000
const lookEveryMs = 50
const shownLogBytes = 2_000

const Ready = z.object({ url: z.string() })

export interface DemoServer {
  readonly url: string
  readonly directory: string
  readonly log: string
  /** Resolves when the server has ended by itself. */
  readonly ended: Promise<void>
  /** @param keepFiles leaves log and data where they are, to be looked into */
  stop(keepFiles: boolean): Promise<void>
}

export async function startDemoServer(configuration: string, port: number, signal: AbortSignal): Promise<DemoServer> {
  const directory = await mkdtemp(join(tmpdir(), 'trainyard-demo-'))
  // Started by root, PostgreSQL runs as another user and has to get through here to its data.
  await chmod(directory, 0o711)
  const [log, file] = [join(directory, 'trainyard.log'), join(directory, 'trainyard.yaml')]
  await writeFile(file, configuration)

  const output = await open(log, 'a')
  const words = ['dev', '--json', '--port', String(port), '--data-dir', join(directory, 'data'), '--config', file]
  const child = spawn(process.execPath, [...process.execArgv, main, ...words], {
    cwd: directory,
    env: environmentOf(process.env),
    stdio: ['ignore', 'pipe', output.fd],
    // Ctrl-C is meant for the demo, which then stops the server in order.
    detached: true,
  })
  await output.close()
  const ended = once(child, 'exit').then(() => {})

  async function stop(keepFiles: boolean): Promise<void> {
    if (url !== undefined) await cancelAll(url)
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      const tooLate = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
      await ended
      clearTimeout(tooLate)
    }
    if (!keepFiles) await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  }

  let url: string | undefined
  try {
    url = await readyUrl(child, log, signal)
    return { url, directory, log, ended, stop }
  } catch (error) {
    await stop(false)
    throw error
  }
}

/**
 * A training outlives its server, to be found again by the next one; here there is none. Best effort: a server that is
 * gone already can't be asked, and its trainings end when they miss their folders.
 */
async function cancelAll(url: string): Promise<void> {
  const limit = AbortSignal.timeout(cancelLimitMs)
  const { launcher } = makeApi(() => makeClient({ url, token: undefined, signal: limit }))
  const person = { actor: 'the demo', reason: 'it was interrupted' }
  try {
    const open = (await launcher.queue()).filter(({ state }) => state !== 'succeeded')
    for (const { run } of open) await launcher.cancel(run, person)
    while ((await launcher.queue()).some(({ state }) => state === 'running')) await pause(lookEveryMs)
  } catch (error) {
    if (!(error instanceof CommandFailure) && !limit.aborted) throw error
  }
}

/** A demo is about itself alone: what this machine's own Trainyard is set to must not reach it. */
function environmentOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = /^(TRAINYARD_|DATABASE_URL$|KAFKA_|SCHEMA_REGISTRY_URL$|PG)/
  const kept = Object.entries(environment).filter(([name]) => !foreign.test(name))
  return { ...Object.fromEntries(kept), TRAINYARD_LOG_LEVEL: 'info' }
}

/** The server says where it is in one JSON document on its standard output. */
async function readyUrl(child: ChildProcess, log: string, signal: AbortSignal): Promise<string> {
  let said = ''
  for await (const chunk of child.stdout ?? []) {
    signal.throwIfAborted()
    said += chunk
    try {
      return Ready.parse(JSON.parse(said)).url
    } catch {
      // Not the whole document yet.
    }
  }
  signal.throwIfAborted()
  const end = (await readFile(log, 'utf8')).slice(-shownLogBytes).trim()
  throw new CommandFailure(`the demo's server did not start`, {
    next: end === '' ? 'It said nothing.' : `It said: ${end}`,
  })
}
