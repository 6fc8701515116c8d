import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { parseEnvironment } from '../../services/kit/environment.ts'
import { makeHttpApp } from '../../services/kit/http/app.ts'
import { fakeServer, trainyard } from './server.ts'
import { someRun } from './some-run.ts'

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

test('neither a token that no header can carry nor the password in a URL is shown', async () => {
  const secret = 's3cret-s3cret-s3cret'
  for (const [words, variables, said] of [
    [[], { TRAINYARD_API_TOKEN: `${secret}\nxx` }, /TRAINYARD_API_TOKEN holds what no header can carry/],
    [['--url', `http://ada:${secret}@127.0.0.1:1`], {}, /the URL of a server holds a user or a password/],
    [['--url', `ada:${secret}@127.0.0.1:1`], {}, /what was given is not the URL of a server/],
    [['--url', `http://ada:${secret}@127.0.0.1:99999`], {}, /what was given is not the URL of a server/],
  ] as const) {
    const { exitCode, out, err } = await trainyard(['champions', ...words], { TRAINYARD_URL: nowhere, ...variables })
    assert.equal(exitCode, 2)
    assert.match(err, said)
    assert.ok(!`${out}${err}`.includes(secret))
  }
})

test('what the history knows is shown where nobody answers for the launcher, and what is missing is said', async (t) => {
  const at = new Date('2026-03-01T12:00:00Z')
  const run = { ...someRun(at), state: 'running', end: null }
  const elsewhere = (path: string) => ({
    status: 404,
    json: { error: { code: 'notFound', message: `there is nothing at ${path}`, details: { isRouteKnown: false } } },
  })
  const answers = {
    'GET /runs': { json: { runs: [run], next: null } },
    'GET /runs/run-aaaaaaaaaa': { json: { ...run, signals: {}, story: [] } },
  }
  const history = await fakeServer(t, {
    ...answers,
    'GET /queue': elsewhere('/queue'),
    'GET /runs/run-aaaaaaaaaa/attempts': elsewhere('/attempts'),
  })
  const list = await trainyard(['runs', '--url', history.url])
  assert.equal(list.exitCode, 0, list.err)
  assert.match(list.out, /run-aaaaaaaaaa/)
  assert.match(list.err, /^How far they are cannot be shown: there is nothing at \/queue/)
  const story = await trainyard(['run', 'run-aaaaaaaaaa', '--url', history.url])
  assert.equal(story.exitCode, 0, story.err)
  assert.match(story.out, /run-aaaaaaaaaa/)
  assert.match(story.err, /^Its attempts cannot be shown: /)
  const unknown = await trainyard(['run', 'run-aaaaaaaaaa', '--json', '--url', history.url])
  assert.equal(JSON.parse(unknown.out).attempts, null)
  // The launcher has not heard of it yet.
  const early = await fakeServer(t, answers)
  assert.deepEqual(
    JSON.parse((await trainyard(['run', 'run-aaaaaaaaaa', '--json', '--url', early.url])).out).attempts,
    [],
  )
  const refusal = { status: 401, json: { error: { code: 'unauthorized', message: 'this server wants a token' } } }
  const refusing = await fakeServer(t, { ...answers, 'GET /runs/run-aaaaaaaaaa/attempts': refusal })
  assert.equal((await trainyard(['run', 'run-aaaaaaaaaa', '--url', refusing.url])).exitCode, 1)
})
