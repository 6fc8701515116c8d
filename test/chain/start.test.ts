import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { emptyDatabase } from '../harness/database.ts'
import { startYard } from '../harness/yard.ts'
import { echoConfiguration } from './bot.ts'

const entry = fileURLToPath(new URL('../../services/all.ts', import.meta.url))

/** Runs the services until they end by themselves; resolves with the exit code and what they wrote to standard error. */
async function attemptToStart(variables: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [entry], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      TRAINYARD_LOG_LEVEL: 'fatal',
      ...variables,
    },
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { said: await text(child.stderr), code: await ended }
}

test('what keeps the services from starting ends the start with one clear message', async (t) => {
  const yard = await startYard(t, { configuration: echoConfiguration() })
  const own = {
    TRAINYARD_DATA_DIR: join(yard.directory, 'data'),
    TRAINYARD_CONFIG: join(yard.directory, 'trainyard.yaml'),
  }

  await t.test('a second process on one data directory', async () => {
    const { code, said } = await attemptToStart({ ...own, TRAINYARD_PORT: '0' })
    assert.equal(code, 1)
    assert.match(said, /another trainyard runs on the data directory .*\n.*--data-dir/)
  })

  await t.test('a wrong configuration', async () => {
    const wrongFile = join(yard.directory, 'wrong.yaml')
    await writeFile(wrongFile, 'jobTypes:\n  intents:\n    program: { command: [node] }\n    slots: four\n')
    const { code, said } = await attemptToStart({ ...own, TRAINYARD_CONFIG: wrongFile })
    assert.equal(code, 1)
    assert.match(said, /wrong\.yaml:4: jobTypes\.intents\.slots: expected/)
  })

  await t.test('an address that others can reach, without a token', async () => {
    const { said } = await attemptToStart({ ...own, TRAINYARD_HOST: '0.0.0.0' })
    assert.match(said, /TRAINYARD_API_TOKEN is not set/)
  })

  await t.test('an address that is not of this machine', async () => {
    const there = { ...own, TRAINYARD_HOST: '192.0.2.1', TRAINYARD_API_TOKEN: 'x'.repeat(16), TRAINYARD_PORT: '0' }
    const { code, said } = await attemptToStart({ ...there, DATABASE_URL: await emptyDatabase(t) })
    assert.equal(code, 1)
    assert.match(said, /192\.0\.2\.1 is no address of this machine\nCheck TRAINYARD_HOST/)
  })

  await t.test('a database that does not answer', async () => {
    const { code, said } = await attemptToStart({ ...own, DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/d' })
    assert.equal(code, 1)
    assert.match(said, /the database of DATABASE_URL does not let us in: .*ECONNREFUSED.*\nCheck DATABASE_URL/)
    assert.doesNotMatch(said, /secret/)
  })

  await t.test('and one that runs is unharmed by all of them', async () => {
    assert.equal((await yard.call('/health/ready')).status, 200)
  })

  await t.test('a port in use', async () => {
    await yard.kill('SIGTERM')
    assert.equal(await yard.ended, 0)
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    const address = squatter.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { code, said } = await attemptToStart({ ...own, TRAINYARD_PORT: String(port) })
    squatter.close()
    assert.equal(code, 1)
    assert.match(said, new RegExp(`port ${port} on 127.0.0.1 is in use\n.*--port`))
  })
})
