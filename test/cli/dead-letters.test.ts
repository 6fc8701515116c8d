import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeServer, trainyard } from './server.ts'

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

test('all dead letters are those that there are when the replay begins', async (t) => {
  const { url, asked } = await fakeServer(t, {
    'GET /dead-letters': { json: { deadLetters: [letter], next: null } },
    'POST /dead-letters/replay': { json: { dryRun: false, replayed: [7], refused: [], next: null } },
  })
  assert.equal((await trainyard(['dead-letters', 'replay', '--all', '--reason', 'mended', '--url', url])).exitCode, 0)
  assert.equal(JSON.parse(asked[1]?.body ?? '').upTo, 7)
})

test('a time is one that says its day: what JavaScript would guess of anything else selects too much', async (t) => {
  const { url, asked } = await fakeServer(t, { 'GET /dead-letters': { json: { deadLetters: [], next: null } } })
  const list = (since: string) => trainyard(['dead-letters', 'list', '--since', since, '--url', url])
  for (const since of ['5', '1', '2026', '2026-02-30', '2026-03-01T12:00:00', 'yesterday'])
    assert.equal((await list(since)).exitCode, 2, since)
  assert.equal(asked.length, 0)
  for (const [since, sent] of [
    ['2026-03-01', '2026-03-01T00:00:00.000Z'],
    ['2026-03-01T12:00:00+02:00', '2026-03-01T10:00:00.000Z'],
  ] as const) {
    assert.equal((await list(since)).exitCode, 0, since)
    assert.ok(decodeURIComponent(asked.at(-1)?.path ?? '').includes(`since=${sent}`))
  }
})

test('what is shown of a large letter is said to be its beginning', async (t) => {
  const shown = (bytes: number) => ({
    json: { ...letter, bytes, key: null, headers: {}, value: { encoding: 'utf8', content: 'abcd' }, replayed: [] },
  })
  const { url } = await fakeServer(t, { 'GET /dead-letters/7': shown(1_048_576), 'GET /dead-letters/8': shown(4) })
  const show = (id: string, ...words: string[]) => trainyard(['dead-letters', 'show', id, ...words, '--url', url])
  assert.match((await show('7')).out, /abcd\n\(the first 4 B of 1\.0 MiB\)\n$/)
  assert.match((await show('7', '--json')).err, /Its value is the first 4 B of 1\.0 MiB\./)
  assert.match((await show('8')).out, /abcd\n$/)
})
