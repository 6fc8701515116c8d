import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeServer, trainyard } from './server.ts'

const time = '2026-03-01T12:00:00Z'
const reason = 'revision 2 is stale: revision 3 of the bot came before it'
const stale = {
  signal: 'sig-stale',
  trigger: 'bot-edited',
  bot: 'b',
  jobType: 'intents',
  receivedAt: time,
  request: null,
  end: 'coalesced',
  run: 'run-aaaaaaaaaa',
  reason,
  endedAt: time,
}

/** A run as the history tells it, but for whether its model is in force. */
const promoted = {
  run: 'run-aaaaaaaaaa',
  bot: 'b',
  jobType: 'intents',
  generation: 1,
  state: 'succeeded',
  begunAt: time,
  startedAt: time,
  request: null,
  end: null,
  model: null,
  evaluation: null,
  verdict: { state: 'promoted', decidedAt: time, decidedBy: 'policy', actor: null, reasons: ['better'] },
  promotions: [1],
  signals: {},
  story: [],
}

/** A server at which one event becomes the stale signal, and the request that it is coalesced into came to no run. */
const answering = (signals: readonly object[]) => ({
  'POST /events': {
    json: { results: [{ event: 'e', accepted: true, signals: [{ ...stale, known: false }] }] },
  },
  'GET /signals/sig-stale': { json: stale },
  'GET /signals': { json: { signals: [stale, ...signals] } },
  'GET /requests': { json: { requests: [] } },
  'GET /queue': { json: [] },
})

const wait = (url: string) => ['publish', '--bot', 'b', '--wait', '--url', url]

test('what was coalesced into a request that came to no run ends with what became of that request', async (t) => {
  const unchanged = {
    ...stale,
    signal: 'sig-newer',
    request: 'run-aaaaaaaaaa',
    end: 'unchanged',
    reason: 'the same',
    run: 'run-b',
  }
  const { url } = await fakeServer(t, answering([unchanged]))
  const { exitCode, out, err } = await trainyard(wait(url))
  assert.deepEqual([exitCode, out], [0, 'Signal sig-newer ended as unchanged: the same\n'])
  assert.match(err, new RegExp(`Signal sig-stale was coalesced into run-aaaaaaaaaa: ${reason}`))
})

test('an event that makes no signal, or several, leaves nothing to wait for, and that is no success', async (t) => {
  const results = (count: number) => ({
    json: {
      results: [
        { event: 'e', accepted: true, signals: Array.from({ length: count }, () => ({ ...stale, known: false })) },
      ],
    },
  })
  for (const count of [0, 2]) {
    const { url } = await fakeServer(t, { 'POST /events': results(count) })
    const { exitCode, err } = await trainyard(wait(url))
    assert.equal(exitCode, 1)
    assert.match(err, new RegExp(`there is no verdict to wait for: ${count} signals came of it\\.`))
  }
})

test('what came before is said to, and that it is the old end that is waited for', async (t) => {
  const { url } = await fakeServer(t, {
    ...answering([]),
    'POST /events': { json: { results: [{ event: 'e', accepted: true, signals: [{ ...stale, known: true }] }] } },
    'GET /signals/sig-stale': { json: { ...stale, end: 'unchanged' } },
  })
  const { exitCode, err } = await trainyard(wait(url))
  assert.equal(exitCode, 0)
  assert.match(err, /sig-stale came before and changes nothing/)
})

test('and with its own end where nothing is known of that request any more', async (t) => {
  const { url } = await fakeServer(t, answering([]))
  const { exitCode, out } = await trainyard(wait(url))
  assert.deepEqual([exitCode, out], [1, `Signal sig-stale ended as coalesced: ${reason}\n`])
})

test('who has waited for a promotion finds the model in force, though the history hears of that a moment later', async (t) => {
  let looks = 0
  const { url } = await fakeServer(t, {
    ...answering([]),
    get 'GET /runs/run-aaaaaaaaaa'() {
      looks += 1
      return { json: { ...promoted, inForce: looks > 1 } }
    },
    'GET /bots/b': { json: { bot: 'b', champions: [], runs: [], held: [] } },
  })
  const { exitCode, out } = await trainyard([...wait(url), '--json'])
  assert.deepEqual([exitCode, JSON.parse(out).run.inForce], [0, true])
})

test('who waits goes on where the server went away for a while, or could not answer', async (t) => {
  const unavailable = { status: 503, json: { error: { code: 'unavailable', message: 'the disk is full' } } }
  let looks = 0
  const server = await fakeServer(t, {
    ...answering([]),
    get 'GET /runs/run-aaaaaaaaaa'() {
      looks += 1
      return looks === 1 ? 'hangUp' : looks === 2 ? unavailable : { json: { ...promoted, inForce: true } }
    },
  })
  const { exitCode, out, err } = await trainyard(wait(server.url))
  assert.deepEqual([exitCode, looks], [0, 3])
  assert.match(out, /run-aaaaaaaaaa was promoted/)
  assert.match(err, /^The server does not answer: waiting for it$/m)
})

test('who waits for a stale event is told that it trained nothing, beside how the run stands that came before it', async (t) => {
  const signal = { signal: 'sig-1', trigger: 'bot-edited', bot: 'b', jobType: 'intents', known: false }
  const { url } = await fakeServer(t, {
    'POST /events': { status: 202, json: { results: [{ event: 'e', accepted: true, signals: [signal] }] } },
    'GET /signals/sig-1': {
      json: {
        ...signal,
        receivedAt: time,
        endedAt: time,
        end: 'coalesced',
        run: 'run-a',
        reason: 'revision 3 is stale',
      },
    },
    'GET /runs/run-a': { json: { ...promoted, run: 'run-a', inForce: true } },
  })
  const { exitCode, out, err } = await trainyard(['publish', '--bot', 'b', '--wait', '--url', url])
  assert.equal(exitCode, 0)
  assert.match(out, /^Nothing is held up: run-a was promoted by policy .* ago: better\.\n$/)
  assert.equal(err, 'Signal sig-1 was coalesced into run-a: revision 3 is stale.\n')
})
