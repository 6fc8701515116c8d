import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../../services/kit/store/embedded.ts'
import { openServerLog } from '../../../services/kit/store/server-log.ts'
import { overTheNetwork } from '../../harness/database.ts'

async function directoryFor(t: TestContext, prefix = 'embedded-'): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), prefix))
  t.after(async () => {
    const server = await startEmbeddedPostgres({ directory, durable: false })
    await server.stop()
    await rm(server.home, { recursive: true })
    await rm(directory, { recursive: true, force: true })
  })
  return directory
}

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

test('two that start at once on one directory use the same server, and data outlive a stop', async (t) => {
  const directory = await directoryFor(t)
  const [one, other] = await Promise.all([1, 2].map(() => startEmbeddedPostgres({ directory, durable: true })))
  assert.equal(one?.url, other?.url)
  await ask(one?.url ?? '', "create table kept as select 'yes' as answer")
  await one?.stop()
  const again = await startEmbeddedPostgres({ directory, durable: true })
  assert.deepEqual(await ask(again.url, 'select * from kept'), [{ answer: 'yes' }])
})

test('a server whose starter was killed with SIGKILL is found and used', async (t) => {
  const directory = await directoryFor(t)
  const module = fileURLToPath(new URL('../../../services/kit/store/embedded.ts', import.meta.url))
  const script = `const { startEmbeddedPostgres } = await import(${JSON.stringify(module)})
    const server = await startEmbeddedPostgres({ directory: ${JSON.stringify(directory)}, durable: true })
    process.stdout.write(new URL(server.url).port)
    setInterval(() => {}, 1000)`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<string>((resolve) => starter.stdout.once('data', (data) => resolve(String(data))))
  const gone = new Promise((resolve) => starter.once('exit', resolve))
  starter.kill('SIGKILL')
  await gone
  const found = await startEmbeddedPostgres({ directory, durable: true })
  assert.equal(new URL(found.url).port, port)
})

test('a server.log that has grown large is put aside at the next start', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'server-log-'))
  t.after(() => rm(directory, { recursive: true }))
  const file = join(directory, 'server.log')
  const start = () => closeSync(openServerLog(directory))
  start()
  writeFileSync(file, 'first')
  start()
  assert.equal(readFileSync(file, 'utf8'), 'first')

  const largeBytes = 10 * 1024 * 1024 + 1
  truncateSync(file, largeBytes)
  start()
  assert.deepEqual([statSync(`${file}.1`).size, statSync(file).size], [largeBytes, 0])
})

test('a running server is found where its directory has been moved to', async (t) => {
  const before = await mkdtemp(join(tmpdir(), 'before-'))
  await startEmbeddedPostgres({ directory: before, durable: false })
  const directory = await directoryFor(t)
  await rename(before, directory)
  const { url } = await startEmbeddedPostgres({ directory, durable: false })
  assert.deepEqual(await ask(url, "select 'yes' as answer"), [{ answer: 'yes' }])
})

test('it answers on a socket and on its port, and on the port alone where the path is too long for a socket', async (t) => {
  const from = (url: string) => ask(url, 'select inet_client_addr()::text as address')
  const server = await startEmbeddedPostgres({ directory: await directoryFor(t), durable: false })
  assert.deepEqual(
    [await from(server.url), await from(overTheNetwork(server.url))],
    [[{ address: null }], [{ address: '127.0.0.1/32' }]],
  )
  const long = await startEmbeddedPostgres({ directory: await directoryFor(t, 'long-'.repeat(20)), durable: false })
  assert.deepEqual(await from(long.url), [{ address: '127.0.0.1/32' }])
})

test('the password can be read by its owner alone, and without it nobody gets in', async (t) => {
  const directory = await directoryFor(t)
  const server = await startEmbeddedPostgres({ directory, durable: true })
  assert.equal(statSync(join(server.home, 'password')).mode & 0o777, 0o600)
  const url = new URL(server.url)
  url.password = 'guess'
  await assert.rejects(ask(url.href, 'select 1'), /password authentication failed/)
  assert.ok(!readFileSync(join(server.home, 'server.log'), 'utf8').includes(new URL(server.url).password))
  assert.ok(readdirSync(server.home).includes('cluster'))
})
