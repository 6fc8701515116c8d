import assert from 'node:assert/strict'
import { test } from 'node:test'
import { console } from '../../services/console/main.ts'
import { parseEnvironment } from '../../services/kit/environment.ts'
import { openLog } from '../../services/kit/log.ts'
import { startServices } from '../../services/kit/run.ts'
import type { ServiceDefinition } from '../../services/kit/service.ts'
import { cleanup } from '../harness/cleanup.ts'
import { emptyDatabase } from '../harness/database.ts'
import { eventually } from '../harness/eventually.ts'
import { freePort } from '../harness/ports.ts'

test('a process answers its probe from early on, and is ready only when everything in it has started', async (t) => {
  const { promise: mayStart, resolve: letStart } = Promise.withResolvers<void>()
  const slow: ServiceDefinition = {
    name: 'console',
    migrations: console.migrations,
    build: () => ({ start: () => mayStart }),
  }
  const port = String(await freePort())
  const environment = parseEnvironment({ DATABASE_URL: await emptyDatabase(t), TRAINYARD_PORT: port })
  const probe = async (path: string) => await fetch(`http://127.0.0.1:${port}/health/${path}`)

  const starting = startServices([slow], environment, { log: openLog('silent'), exit: () => {} })
  cleanup(t, async () => (await starting).lifecycle.stop())
  await eventually(async () => (await probe('live')).status === 200, { what: 'an answer' })
  const early = await probe('ready')
  assert.equal(early.status, 503)
  assert.deepEqual(await early.json(), { ready: false, reason: 'it is still starting' })

  letStart()
  await starting
  assert.equal((await probe('ready')).status, 200)
})
