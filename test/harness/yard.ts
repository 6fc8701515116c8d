import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '../../services/kit/store/embedded.ts'
import { cleanup, type Ending } from './cleanup.ts'
import { servicesDatabase } from './database.ts'

/** As the command and the image start them. */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=16']

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Yard {
  readonly directory: string
  readonly url: string
  readonly pid: number
  /** Resolves with the exit code or the signal of the process that runs now. */
  readonly ended: Promise<number | string>
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: unknown, contentType?: string): Promise<T>
  /** The whole answer, whatever its status. */
  call(path: string, init?: RequestInit): Promise<Response>
  kill(signal: NodeJS.Signals): Promise<void>
  /** Starts the services again on the same data directory. */
  start(variables?: Readonly<Record<string, string>>): Promise<void>
}

export interface YardOptions {
  /** Which services run in the process. */
  readonly entry?: string
  /** trainyard.yaml as text. */
  readonly configuration: string
  readonly variables?: Readonly<Record<string, string>>
  /**
   * Whether PostgreSQL is the embedded one, as on a laptop; the server that the tests share, where there is nothing to migrate
   * any more; or one of the test's own.
   */
  readonly postgres?: 'embedded' | 'shared' | URL
}

/**
 * Services in a process of their own, in a scratch directory: what a person gets from `trainyard dev`. They keep
 * their port from start to start, so that whoever called them before finds them again. Everything is stopped and
 * removed when the test ends.
 */
export async function startYard(t: Ending, options: YardOptions): Promise<Yard> {
  const directory = await mkdtemp(join(tmpdir(), 'yard-'))
  const dataDirectory = join(directory, 'data')
  await mkdir(dataDirectory)
  await writeFile(join(directory, 'trainyard.yaml'), options.configuration)
  const { entry = 'services/all.ts', postgres = 'embedded' } = options
  const database: Record<string, string> =
    postgres === 'embedded' ? {} : { DATABASE_URL: postgres === 'shared' ? await servicesDatabase(t) : postgres.href }
  let child: ChildProcess | undefined
  let url = ''
  let ended: Promise<number | string> = Promise.resolve(0)

  async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
    const log = createWriteStream(join(directory, 'services.log'), { flags: 'a' })
    await once(log, 'open')
    child = spawn(process.execPath, [...nodeFlags, join(root, entry)], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        TRAINYARD_DATA_DIR: dataDirectory,
        TRAINYARD_CONFIG: join(directory, 'trainyard.yaml'),
        TRAINYARD_PORT: url === '' ? '0' : new URL(url).port,
        ...database,
        ...options.variables,
        ...variables,
      },
    })
    const process_ = child
    ended = new Promise((resolve) => process_.once('exit', (code, signal) => resolve(signal ?? code ?? -1)))
    url = await readyUrl(process_, log, join(directory, 'services.log'))
  }

  cleanup(t, async () => {
    child?.kill('SIGKILL')
    await ended
    if (postgres === 'embedded') {
      const server = await startEmbeddedPostgres({ directory: join(dataDirectory, 'postgres'), durable: true })
      await server.stop()
      await rm(server.home, { recursive: true, force: true })
    }
    await rm(directory, { recursive: true, force: true })
  })
  await start(options.variables)

  const call: Yard['call'] = (path, init = {}) =>
    fetch(new URL(path, url), { ...init, signal: AbortSignal.timeout(30_000) })
  return {
    directory,
    get url() {
      return url
    },
    get pid() {
      return child?.pid ?? -1
    },
    get ended() {
      return ended
    },
    call,
    get: (path) => answer(call(path)),
    post: (path, body, contentType = 'application/json') =>
      answer(
        call(path, {
          method: 'POST',
          headers: { 'content-type': contentType },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
    async kill(signal) {
      child?.kill(signal)
      await ended
    },
    start,
  }
}

async function answer<T>(response: Promise<Response>): Promise<T> {
  const got = await response
  const text = await got.text()
  if (!got.ok) throw new Error(`${got.url} answered ${got.status}: ${text}`)
  return JSON.parse(text) as T
}

/** The line in which the services say that they work carries the address they listen on. */
function readyUrl(child: ChildProcess, log: NodeJS.WritableStream, file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (data: Buffer) => {
      log.write(data)
      if (said === 'ready') return
      said += data
      const line = said.split('\n').find((text) => text.includes('"msg":"ready"'))
      if (line === undefined) return
      said = 'ready'
      resolve((JSON.parse(line) as { url: string }).url)
    })
    child.once('exit', (code, signal) =>
      reject(
        new Error(`the services ended (${signal ?? code}) before they were ready: ${said.slice(-2000)}; see ${file}`),
      ),
    )
  })
}
