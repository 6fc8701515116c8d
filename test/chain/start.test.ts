import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startYard } from '../harness/yard.ts'
import { echoConfiguration } from './bot.ts'

const entry = fileURLToPath(new URL('../../services/all.ts', import.meta.url))

/** Runs the services until they end by themselves; resolves with the exit code and what they wrote to standard error. */
async function attemptToStart(variables: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [entry], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], TRAINYARD_LOG_LEVEL: 'fatal', ...variables },
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { said: await text(child.stderr), code: await ended }
}

test('a second process on one data directory, a port in use, and a wrong configuration each end the start with one clear message', async (t) => {
  const yard = await startYard(t, { configuration: echoConfiguration() })
  const own = {
    TRAINYARD_DATA_DIR: join(yard.directory, 'data'),
    TRAINYARD_CONFIG: join(yard.directory, 'trainyard.yaml'),
  }

  const second = await attemptToStart({ ...own, TRAINYARD_PORT: '0' })
  assert.equal(second.code, 1)
  assert.match(second.said, /another trainyard runs on the data directory .*\n.*--data-dir/)

  const wrongFile = join(yard.directory, 'wrong.yaml')
  await writeFile(wrongFile, 'jobTypes:\n  intents:\n    program: { command: [node] }\n    slots: four\n')
  const wrong = await attemptToStart({ ...own, TRAINYARD_CONFIG: wrongFile })
  assert.equal(wrong.code, 1)
  assert.match(wrong.said, /wrong\.yaml:4: jobTypes\.intents\.slots: expected/)

  const open = await attemptToStart({ ...own, TRAINYARD_HOST: '0.0.0.0' })
  assert.match(open.said, /TRAINYARD_API_TOKEN is not set/)

  // The first one is unharmed by all of them.
  assert.equal((await yard.call('/health/ready')).status, 200)
})

test('a port in use is said as such, with what to do', async (t) => {
  const yard = await startYard(t, { configuration: echoConfiguration() })
  await yard.kill('SIGTERM')
  assert.equal(await yard.ended, 0)
  const { createServer } = await import('node:net')
  const squatter = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => squatter.once('listening', resolve))
  const address = squatter.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const { code, said } = await attemptToStart({
    TRAINYARD_DATA_DIR: join(yard.directory, 'data'),
    TRAINYARD_CONFIG: join(yard.directory, 'trainyard.yaml'),
    TRAINYARD_PORT: String(port),
  })
  squatter.close()
  assert.equal(code, 1)
  assert.match(said, new RegExp(`port ${port} on 127.0.0.1 is in use\n.*--port`))
})
