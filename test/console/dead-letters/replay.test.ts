import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { openConsole } from '../open.ts'

const bytes = Buffer.from([0, 255, 128, 10, 34])
const why = { actor: 'ada', reason: 'the trigger is mended' }

const letter = (changes: Record<string, string> = {}) => ({
  topic: 'trainyard.dead-letters',
  key: Buffer.from('shop'),
  value: bytes,
  headers: {
    'content-type': 'application/json',
    'dead-letter-topic': 'bot.events',
    'dead-letter-partition': '2',
    'dead-letter-offset': '17',
    'dead-letter-group': 'intake-bot-edited',
    'dead-letter-reason': 'there is no /data/botId',
    'dead-letter-time': '2026-01-31T12:00:00.000Z',
    ...changes,
  },
})

async function withLetters(t: TestContext, ...letters: ReturnType<typeof letter>[]) {
  const opened = await openConsole(t)
  await opened.kit.deliverRaw(letters)
  const said = () => opened.kit.database.query('select topic, key, headers, value from console.outbox order by id')
  return { ...opened, said }
}

test('a dead letter is shown with its bytes, its headers, its place and the reason', async (t) => {
  const { get } = await withLetters(t, letter())
  const { body } = await get('/dead-letters')
  assert.deepEqual(body.deadLetters, [
    {
      id: 1,
      topic: 'bot.events',
      partition: 2,
      offset: 17,
      group: 'intake-bot-edited',
      reason: 'there is no /data/botId',
      deadLetteredAt: '2026-01-31T12:00:00.000Z',
      bytes: bytes.byteLength,
      replays: 0,
    },
  ])
  const shown = (await get('/dead-letters/1')).body
  assert.deepEqual(shown.headers, { 'content-type': 'application/json' })
  assert.deepEqual(shown.key, { encoding: 'utf8', content: 'shop' })
  assert.deepEqual(shown.value, { encoding: 'base64', content: bytes.toString('base64') })
  assert.equal((await get('/dead-letters/2')).status, 404)
})

test('a dead letter that is delivered twice is kept once', async (t) => {
  const { kit, get } = await withLetters(t)
  const place = { partition: 0, offset: 0, timestamp: new Date('2026-01-31T12:00:01.234Z') }
  await kit.deliverRaw([{ ...letter(), ...place }])
  await kit.deliverRaw([{ ...letter(), ...place }])
  assert.equal((await get('/dead-letters')).body.deadLetters.length, 1)
})

test('once their topic was made anew, another letter lies at the same place, and both are kept', async (t) => {
  const { kit, get } = await withLetters(t)
  const place = { partition: 0, offset: 0 }
  await kit.deliverRaw([{ ...letter(), ...place, timestamp: new Date('2026-01-31T12:00:01Z') }])
  await kit.deliverRaw([{ ...letter(), ...place, timestamp: new Date('2026-02-01T12:00:01Z') }])
  assert.equal((await get('/dead-letters')).body.deadLetters.length, 2)
})

test('whatever lies among the dead letters can be listed, also what nobody of us put there', async (t) => {
  const { kit, get, post } = await withLetters(t)
  await kit.deliverRaw([{ topic: 'trainyard.dead-letters', value: null, headers: { odd: 'a\0b' } }])
  const [only] = (await get('/dead-letters')).body.deadLetters
  assert.equal(only.topic, null)
  assert.equal(only.reason, 'no reason was given')
  assert.equal((await get(`/dead-letters/${only.id}`)).body.value, null)
  const refused = await post(`/dead-letters/${only.id}/replay`, why)
  assert.equal(refused.status, 422)
  assert.match(refused.body.error.message, /does not say from which topic/)
})

test("so can letters whose place, time and words are nobody's idea of such", async (t) => {
  const { kit, get } = await withLetters(t)
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '99999999999',
      '999999999999999',
      '-100000-01-01T00:00:00Z',
      '+275760-09-13T00:00:00Z',
      '0',
      '\ud800',
    ),
  )
  const names = ['topic', 'partition', 'offset', 'group', 'reason', 'time'].map((name) => `dead-letter-${name}`)
  const headers = fc.dictionary(fc.constantFrom(...names, 'own'), text)
  const letters = fc.sample(
    fc.record({ headers, value: fc.constant(null), topic: fc.constant('trainyard.dead-letters') }),
    200,
  )
  await kit.deliverRaw(letters)
  const { status, body } = await get('/dead-letters?limit=500')
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.deadLetters.length, letters.length)
  for (const { id } of body.deadLetters.slice(0, 50)) assert.equal((await get(`/dead-letters/${id}`)).status, 200)
})

test('dead letters are found by topic, part of the reason, time, and whether they wait', async (t) => {
  const { get, post } = await withLetters(
    t,
    letter(),
    letter({ 'dead-letter-topic': 'other.events', 'dead-letter-time': '2026-02-01T00:00:00.000Z' }),
    letter({ 'dead-letter-reason': 'BAD JSON' }),
  )
  await post('/dead-letters/1/replay', why)
  const table: [string, number[]][] = [
    ['', [3, 2, 1]],
    ['topic=other.events', [2]],
    ['reasonContains=bad%20json', [3]],
    ['since=2026-02-01T00:00:00Z', [2]],
    ['waiting=true', [3, 2]],
    ['before=3', [2, 1]],
    ['limit=1&before=3', [2]],
  ]
  for (const [query, ids] of table) {
    const { body } = await get(`/dead-letters?${query}`)
    assert.deepEqual(
      body.deadLetters.map(({ id }: { id: number }) => id),
      ids,
      query,
    )
  }
  assert.equal((await get('/dead-letters?limit=1&before=3')).body.next, 2)
})

test('a replay sends key, headers and bytes to the topic that they came from, as they were', async (t) => {
  const { post, get, said } = await withLetters(t, letter())
  assert.deepEqual(await post('/dead-letters/1/replay', why), { status: 200, body: { id: 1, topic: 'bot.events' } })
  assert.deepEqual(await said(), [
    { topic: 'bot.events', key: Buffer.from('shop'), headers: { 'content-type': 'application/json' }, value: bytes },
  ])
  const shown = (await get('/dead-letters/1')).body
  assert.equal(shown.replays, 1)
  assert.equal(shown.replayed[0].actor, 'ada')
  assert.equal(shown.replayed[0].reason, 'the trigger is mended')
})

test('a second replay is refused with who did the first, unless it is forced', async (t) => {
  const { post, get, said } = await withLetters(t, letter())
  await post('/dead-letters/1/replay', why)
  const second = await post('/dead-letters/1/replay', { actor: 'bob', reason: 'again' })
  assert.equal(second.status, 409)
  assert.equal(second.body.error.details.replays[0].actor, 'ada')
  assert.equal((await said()).length, 1)
  assert.equal((await post('/dead-letters/1/replay', { actor: 'bob', reason: 'again', force: true })).status, 200)
  assert.equal((await said()).length, 2)
  assert.deepEqual(
    (await get('/dead-letters/1')).body.replayed.map(({ actor }: { actor: string }) => actor),
    ['ada', 'bob'],
  )
})

test('two replays of one letter at the same time send it once', async (t) => {
  const { post, said } = await withLetters(t, letter())
  const answers = await Promise.all([post('/dead-letters/1/replay', why), post('/dead-letters/1/replay', why)])
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409])
  assert.equal((await said()).length, 1)
})

test('a selection is replayed as a whole, without what was replayed before and what cannot be', async (t) => {
  const { post, get, said } = await withLetters(t, letter(), letter(), letter({ 'dead-letter-topic': '' }), letter())
  await post('/dead-letters/1/replay', why)
  const selection = { ...why, where: { reasonContains: 'botId' } }
  const expected = {
    replayed: [2, 4],
    refused: [{ id: 3, reason: 'it does not say from which topic it came' }],
    next: null,
  }

  const dry = await post('/dead-letters/replay', { ...selection, dryRun: true })
  assert.deepEqual(dry.body, { dryRun: true, ...expected })
  assert.equal((await said()).length, 1)

  const done = await post('/dead-letters/replay', selection)
  assert.deepEqual(done.body, { dryRun: false, ...expected })
  assert.equal((await said()).length, 3)
  assert.equal((await get('/dead-letters?waiting=true')).body.deadLetters.length, 1)
  assert.equal((await post('/dead-letters/replay', { ...why, where: { topic: 'none' } })).body.replayed.length, 0)
})

test('a selection up to a letter leaves out what was buried later, as what comes back from the replay itself', async (t) => {
  const { post } = await withLetters(t, letter(), letter(), letter())
  const { body } = await post('/dead-letters/replay', { ...why, where: {}, upTo: 2 })
  assert.deepEqual([body.replayed, body.next], [[1, 2], null])
})

test('a replay without a person and a reason is refused', async (t) => {
  const { post, said } = await withLetters(t, letter())
  for (const body of [{}, { actor: 'ada' }, { actor: ' ', reason: 'x' }, { ...why, forse: true }]) {
    assert.equal((await post('/dead-letters/1/replay', body)).status, 422)
  }
  assert.equal((await post('/dead-letters/replay', { where: {} })).status, 422)
  assert.equal((await said()).length, 0)
})

test('how many dead letters wait, and since when, can be watched', async (t) => {
  const { kit, post } = await withLetters(t, letter(), letter())
  const metrics = async () => (await kit.inject({ url: '/metrics', headers: { host: 'localhost' } })).body
  assert.match(await metrics(), /\ntrainyard_dead_letters 2\n/)
  assert.match(await metrics(), /\ntrainyard_dead_letters_oldest_seconds [1-9]/)
  await post('/dead-letters/replay', { ...why, where: {} })
  assert.match(await metrics(), /\ntrainyard_dead_letters 0\n/)
  assert.match(await metrics(), /\ntrainyard_dead_letters_oldest_seconds 0\n/)
})

test('large letters go in smaller numbers, and none is left out', async (t) => {
  const large = (place: number) => ({
    ...letter({ 'dead-letter-offset': String(place) }),
    value: Buffer.alloc(3 * 1024 * 1024, place),
  })
  const { post, said } = await withLetters(t, ...[0, 1, 2, 3, 4].map(large))
  const replayed: number[][] = []
  for (let after: number | undefined; ; ) {
    const { body } = await post('/dead-letters/replay', {
      ...why,
      where: {},
      ...(after === undefined ? {} : { after }),
    })
    replayed.push(body.replayed)
    if (body.next === null) break
    after = body.next
  }
  assert.deepEqual(replayed, [
    [1, 2, 3],
    [4, 5],
  ])
  assert.equal((await said()).length, 5)
})
