import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeServer, trainyard } from './server.ts'

test('all dead letters are those that there are when the replay begins', async (t) => {
  const letter = {
    id: 7,
    topic: 'bot.events',
    partition: 0,
    offset: 1,
    group: 'intake',
    reason: 'x',
    deadLetteredAt: '2026-03-01T12:00:00Z',
    bytes: 1,
    replays: 0,
  }
  const { url, asked } = await fakeServer(t, {
    'GET /dead-letters': { json: { deadLetters: [letter], next: null } },
    'POST /dead-letters/replay': { json: { dryRun: false, replayed: [7], refused: [], next: null } },
  })
  assert.equal((await trainyard(['dead-letters', 'replay', '--all', '--reason', 'mended', '--url', url])).exitCode, 0)
  assert.equal(JSON.parse(asked[1]?.body ?? '').upTo, 7)
})
