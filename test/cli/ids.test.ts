import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeServer, trainyard } from './server.ts'

const run = (id: string) => ({
  run: id,
  bot: 'helpdesk',
  jobType: 'intents',
  generation: 1,
  state: 'failed',
  begunAt: '2026-03-01T12:00:00Z',
  startedAt: null,
  request: null,
  end: null,
  model: null,
  evaluation: null,
  verdict: null,
  promotions: [],
  inForce: false,
})

async function logsOf(t: Parameters<typeof fakeServer>[0], id: string) {
  const { url } = await fakeServer(t, {
    'GET /runs': { json: { runs: [run('run-aabbbbbbbb'), run('run-accccccccc')], next: null } },
    'GET /runs/run-aabbbbbbbb/logs': { text: 'hello\n' },
    'GET /runs/run-zzzzzzzzzz/logs': { text: 'not listed\n' },
  })
  return await trainyard(['logs', id, '--url', url])
}

for (const id of ['run-aa', 'aab', 'run-aabbbbbbbb']) {
  test(`"${id}" is enough to name the only run that begins so`, async (t) => {
    assert.deepEqual(await logsOf(t, id), { exitCode: 0, out: 'hello\n', err: '' })
  })
}

test('a whole id is asked for as it is, however old the run', async (t) => {
  assert.equal((await logsOf(t, 'run-zzzzzzzzzz')).out, 'not listed\n')
})

test('a beginning that several runs share is refused with their names', async (t) => {
  const { exitCode, err } = await logsOf(t, 'run-a')
  assert.equal(exitCode, 1)
  assert.equal(err, 'trainyard: "run-a" may be any of 2 runs (run-aabbbbbbbb, run-accccccccc). Give more of the id.\n')
})

test('a beginning that no run has is said to be so', async (t) => {
  assert.match((await logsOf(t, 'run-q')).err, /no run among the newest 2 runs begins with "run-q"/)
})

for (const id of ['', ' ', 'run-', 'run', 'eval-']) {
  test(`"${id}" names no run, even where there is only one`, async (t) => {
    const only = { 'GET /runs': { json: { runs: [run('run-aabbbbbbbb')], next: null } } }
    const { url, asked } = await fakeServer(t, { ...only, 'POST /runs/run-aabbbbbbbb/cancel': { json: {} } })
    const { exitCode, err } = await trainyard(['cancel', id, '--reason', 'x', '--url', url])
    assert.equal(exitCode, 2)
    assert.match(err, /no run is named/)
    assert.deepEqual(
      asked.filter(({ method }) => method === 'POST'),
      [],
    )
  })
}
