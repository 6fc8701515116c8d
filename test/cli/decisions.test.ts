import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeServer, trainyard } from './server.ts'

test('a decision names the actor, the reason, and the champion that was in force when it was made', async (t) => {
  const key = {
    bot: 'helpdesk',
    jobType: 'intents',
    fence: 2,
    pin: null,
    championSequence: 7,
    champion: null,
    held: [],
  }
  const { url, asked } = await fakeServer(t, {
    'GET /keys/help%2Fdesk': { json: { keys: [key] } },
    'POST /bots/help%2Fdesk/rollback': { json: key },
  })
  const words = ['rollback', 'help/desk', '--to', '#3', '--no-pin', '--reason', 'too early', '--url', url]
  assert.equal((await trainyard(words)).exitCode, 0)
  assert.deepEqual(JSON.parse(asked[1]?.body ?? ''), {
    actor: 'ada@example',
    reason: 'too early',
    championSequence: 7,
    jobType: 'intents',
    pin: false,
    sequence: 3,
  })
})

test('a rollback that may have been done is repeated against the champion that it was to leave, so that it goes no further back', async (t) => {
  const key = { bot: 'b', jobType: 'intents', fence: 0, pin: null, championSequence: 5, champion: null, held: [] }
  const lost = await fakeServer(t, { 'GET /keys/b': { json: { keys: [key] } }, 'POST /bots/b/rollback': 'hangUp' })
  const { exitCode, err } = await trainyard(['rollback', 'b', '--reason', 'x', '--url', lost.url])
  assert.equal(exitCode, 1)
  assert.match(err, /It may have been done all the same: repeat it with --from 5, and it is not done twice\.$/m)

  const { url, asked } = await fakeServer(t, {
    'GET /keys/b': { json: { keys: [{ ...key, championSequence: 6 }] } },
    'POST /bots/b/rollback': { json: key },
  })
  assert.equal((await trainyard(['rollback', 'b', '--reason', 'x', '--from', '5', '--url', url])).exitCode, 0)
  assert.equal(JSON.parse(asked[1]?.body ?? '').championSequence, 5)
})

test('a decision is not carried over to another champion: the conflict is told, with what to do', async (t) => {
  const key = { bot: 'b', jobType: 'intents', fence: 0, pin: null, championSequence: 1, champion: null, held: [] }
  const { url } = await fakeServer(t, {
    'GET /keys/b': { json: { keys: [key] } },
    'POST /bots/b/unpin': { status: 409, json: { error: { code: 'conflict', message: 'the champion has changed' } } },
  })
  const { exitCode, err } = await trainyard(['unpin', 'b', '--reason', 'x', '--url', url])
  assert.equal(exitCode, 1)
  assert.equal(err, 'trainyard: the champion has changed. Look at it with "trainyard why b", then decide again.\n')
})
