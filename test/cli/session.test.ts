import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { parseEnvironment } from '../../services/kit/environment.ts'
import { makeHttpApp } from '../../services/kit/http/app.ts'
import { fakeServer, trainyard } from './server.ts'

const nowhere = 'http://127.0.0.1:1'
const answers = { 'GET /champions': { json: { champions: [], next: null } }, 'GET /slots': { json: { jobTypes: [] } } }

test('each service is asked where it is: at its own URL if it has one, else at that of all', async (t) => {
  const console = await fakeServer(t, answers)
  const others = await fakeServer(t, answers)
  const variables = { TRAINYARD_URL: others.url, TRAINYARD_CONSOLE_URL: console.url }
  await trainyard(['champions'], variables)
  await trainyard(['slots'], variables)
  assert.deepEqual(
    [console.asked, others.asked].map((asked) => asked.map(({ path }) => path.split('?')[0])),
    [['/champions'], ['/slots']],
  )
})

test('--url is where everything is, whatever the environment says', async (t) => {
  const given = await fakeServer(t, answers)
  const { exitCode, err } = await trainyard(['--url', given.url, 'champions'], { TRAINYARD_CONSOLE_URL: nowhere })
  assert.equal(exitCode, 0, err)
  assert.equal(given.asked.length, 1)
})

test('a URL that is none is said to be none, with the variable for that service', async () => {
  const { exitCode, err } = await trainyard(['champions'], { TRAINYARD_CONSOLE_URL: 'console.example' })
  assert.equal(exitCode, 2)
  assert.match(err, /"console\.example" is not the URL of a server.*TRAINYARD_CONSOLE_URL/)
})

test('where nobody answers, or somebody who runs other services, the variable for that service is named', async (t) => {
  const other = await makeHttpApp({
    environment: parseEnvironment({}),
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    ready: async () => ({ ready: true }),
  })
  t.after(() => other.close())
  const url = await other.listen({ host: '127.0.0.1', port: 0 })
  const away = await trainyard(['champions'], { TRAINYARD_URL: nowhere })
  const elsewhere = await trainyard(['champions'], { TRAINYARD_URL: url })
  assert.match(away.err, /Start one with "trainyard dev", .* or that of console alone with TRAINYARD_CONSOLE_URL\.\n$/)
  assert.match(
    elsewhere.err,
    /there is nothing at GET \/champions\. .* or that of console alone with TRAINYARD_CONSOLE_URL\.\n$/,
  )
})
