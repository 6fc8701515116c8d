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
import { sharedPostgres } from '../../harness/postgres.ts'

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'embedded-'))
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

const addressAskedFrom = (url: string) => ask(url, 'select inet_client_addr()::text as address')

test('it answers on a socket, and on its port', async () => {
  const { url } = await sharedPostgres()
  const addresses = [await addressAskedFrom(url), await addressAskedFrom(overTheNetwork(url))]
  assert.deepEqual(addresses, [[{ address: null }], [{ address: '127.0.0.1/32' }]])
})

test('a running server is found where its directory has been moved to, on its port where that path is too long for a socket', async (t) => {
  let directory = await mkdtemp(join(tmpdir(), 'moved-'))
  const start = () => startEmbeddedPostgres({ directory, durable: false })
  await start()
  t.after(async () => {
    await (await start()).stop()
    await rm(directory, { recursive: true })
  })
  for (const [moved, address] of [
    [`${directory}-near`, null],
    [`${directory}-${'far-'.repeat(25)}`, '127.0.0.1/32'],
  ] as const) {
    await rename(directory, moved)
    directory = moved
    assert.deepEqual(await addressAskedFrom((await start()).url), [{ address }])
  }
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
