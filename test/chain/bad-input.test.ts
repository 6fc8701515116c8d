import assert from 'node:assert/strict'
import { request } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import { openLogBus } from '../../services/kit/bus/log.ts'
import { systemClock } from '../../services/kit/clock.ts'
import { systemRandom } from '../../services/kit/random.ts'
import { openDatabase } from '../../services/kit/store/database.ts'
import { startEmbeddedPostgres } from '../../services/kit/store/embedded.ts'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'
import { startYard, type Yard } from '../harness/yard.ts'
import { answerTo, settledSums, signalsOf } from './answers.ts'
import { badReferences, digestOf, good, sourcesOf, startSite, unusableDatasets } from './bad-datasets.ts'
import { botUpdated, championOf, echoConfiguration, publish, sumsOf } from './bot.ts'

const structured = 'application/cloudevents+json'
const batch = 'application/cloudevents-batch+json'
const json = 'application/json'
const jsonLines = 'application/x-ndjson'
const oneMiB = 1024 * 1024

interface Letter {
  id: number
  topic: string
  offset: number
  group: string
  reason: string
}

test('bad input gets a clear answer, and nothing is lost by it', async (t) => {
  const site = await startSite(t)
  const yard = await startYard(t, { configuration: echoConfiguration({}, sourcesOf(site.url)) })
  const post = (path: string, body: string | Buffer, type: string) =>
    answerTo(yard, path, { method: 'POST', body, headers: { 'content-type': type } })
  const refuses = async (path: string, body: string | Buffer, type: string, status: number, said: RegExp) => {
    const answer = await post(path, body, type)
    assert.equal(answer.status, status, answer.said)
    assert.match(answer.said, said)
  }
  const anEvent = botUpdated('bot', { uri: 'x', digest: digestOf('x') }, 1)
  const event = (fields: object) => JSON.stringify({ ...anEvent, ...fields })

  await t.test('what is no JSON or no CloudEvent is refused with what is wrong, and leaves nothing', async () => {
    await refuses('/events', '{"specversion": ', structured, 400, /not JSON/)
    await refuses('/events', Buffer.from([0x22, 0xff, 0x22]), structured, 400, /not JSON in UTF-8/)
    await refuses('/events', '[]', structured, 422, /expected a JSON object/)
    await refuses('/events', '{}', structured, 422, /specversion: is missing; id: is missing; source: is missing/)
    await refuses('/events', event({ specversion: '0.3' }), structured, 422, /specversion: expected 1.0/)
    await refuses('/events', event({ time: 'yesterday' }), structured, 422, /time: expected a time such as/)
    await refuses('/events', '{}', batch, 422, /expected a JSON list of CloudEvents/)
    await refuses(
      '/events',
      'bot=1',
      'application/x-www-form-urlencoded',
      422,
      /not a CloudEvent: expected the content/,
    )
    const deep = event({ data: 'DEEP' }).replace('"DEEP"', '['.repeat(200) + ']'.repeat(200))
    await refuses('/events', deep, structured, 422, /data nests deeper than 100/)
    await refuses('/train', 'bot=1', 'application/x-www-form-urlencoded', 400, /expected a body of JSON/)
    await refuses('/train', '{"bot": "bot", "actor": "ann"}', json, 422, /reason/)
    assert.equal((await sumsOf(yard)).received, 0)
  })

  await t.test('NUL and lone surrogates are refused at every border', async () => {
    const holds = /NUL|lone surrogates/
    for (const bad of ['\\u0000', 'a\\ud800b']) {
      await refuses('/events', event({ id: 'ID' }).replace('ID', bad), structured, 422, holds)
      await refuses('/events', event({ data: { botId: 'BOT' } }).replace('BOT', bad), structured, 422, holds)
      await refuses('/events', event({ data: { NAME: 1 } }).replace('NAME', bad), structured, 422, holds)
      const wish = '{"bot": "BOT", "actor": "ACTOR", "reason": "to try it"}'
      await refuses('/train', wish.replace('BOT', bad), json, 422, holds)
      await refuses('/train', wish.replace('ACTOR', bad), json, 422, holds)
    }
    for (const path of ['/signals?bot=%00', '/runs?bot=%00', '/bots/%00', '/runs/%00', '/dead-letters?topic=%00']) {
      assert.equal((await answerTo(yard, path)).status, 422, path)
    }
    assert.equal((await answerTo(yard, '/bots/%ed%a0%80')).status, 400)
    assert.equal((await sumsOf(yard)).received, 0)
  })

  await t.test(
    'what is too large is refused with the limit, to every client, whenever it reads the answer',
    async () => {
      const large = event({ data: 'x'.repeat(17 * oneMiB) })
      await Promise.all([1, 2, 3].map(() => refuses('/events', large, structured, 413, /larger than 16777216 bytes/)))
      const dataset = `{"text": "${'x'.repeat(1_000)}", "intent": "a"}\n`.repeat(5_000)
      await Promise.all([1, 2, 3].map(() => refuses('/datasets', dataset, jsonLines, 413, /more than 1048576 bytes/)))
    },
  )

  await t.test('an event of a type that no trigger is for is refused with the types that are known', async () => {
    const said = /no trigger is for events of type "bot.renamed": triggers know bot.updated/
    await refuses('/events', event({ type: 'bot.renamed' }), structured, 422, said)
  })

  await t.test('of a batch the good events are taken, and the refused ones are counted and named', async () => {
    const dataset = { uri: `dataset:${digestOf('never posted')}`, digest: digestOf('never posted') }
    const events = [
      botUpdated('batch-good', dataset, 1),
      { ...botUpdated('batch-bad', dataset, 1), source: undefined },
      { ...botUpdated('batch-unknown', dataset, 1), type: 'bot.renamed' },
    ]
    const said = /^2 of 3 events are refused, the first \(batch-bad-1\): event: source: is missing$/
    await refuses('/events', JSON.stringify(events), batch, 422, said)
    assert.equal((await signalsOf(yard, 'batch-good')).length, 1)
    assert.equal((await signalsOf(yard, 'batch-bad')).length, 0)
  })

  await t.test('an event without its bot or dataset is dead-lettered with the reason and its bytes, once', async () => {
    const { deadLettered } = await sumsOf(yard)
    const nameless = event({ id: 'nameless', data: { dataset: { uri: 'dataset:x' } } })
    await refuses('/events', nameless, structured, 422, /trigger bot-edited: \/data\/botId: is missing/)
    await refuses('/events', nameless, structured, 422, /\/data\/botId: is missing/)
    const bare = event({ id: 'bare', data: { botId: 'bare', revision: 'two' } })
    await refuses('/events', bare, structured, 422, /uri: is missing; \/data\/revision: expected a whole number/)
    assert.equal((await sumsOf(yard)).deadLettered, deadLettered + 2)
    assert.equal((await signalsOf(yard, 'bare'))[0]?.end, 'deadLettered')

    const letters = await eventually(async () => {
      const letters = await lettersIn(yard)
      return letters.length >= 2 && letters
    })
    assert.equal(letters.length, 2)
    const letter = letters.find(({ reason }) => reason.includes('/data/botId'))
    const { value } = await yard.get<{ value: { content: string } }>(`/dead-letters/${letter?.id}`)
    assert.deepEqual(JSON.parse(value.content), JSON.parse(nameless))
  })

  await t.test('a message that is no Avro or no JSON is dead-lettered with its bytes, place and reason', async (t) => {
    const headers = { 'ce-specversion': '1.0', 'content-type': 'application/avro' }
    const value = Buffer.from('neither Avro nor JSON')
    await publishRaw(t, yard, [
      { topic: 'trainyard.requests', key: Buffer.from('bot'), headers, value },
      { topic: 'bot.events', key: Buffer.from('bot'), headers: {}, value },
    ])
    const letters = await eventually(async () => {
      const all = await lettersIn(yard)
      const groups = new Set(all.map(({ topic, group }) => `${topic} ${group}`))
      const expected = ['trainyard.requests launcher', 'trainyard.requests console', 'bot.events intake']
      return expected.every((one) => groups.has(one)) && all
    })
    const ofPlatform = letters.find(({ topic }) => topic === 'bot.events')
    assert.match(ofPlatform?.reason ?? '', /not valid JSON/)
    assert.equal(ofPlatform?.offset, 0)
    const { value: kept } = await yard.get<{ value: { content: string } }>(`/dead-letters/${ofPlatform?.id}`)
    assert.equal(kept.content, value.toString())
  })

  await t.test('a dataset that nobody can use is refused by line and field, and never by content', async () => {
    for (const [what, content, said] of unusableDatasets) {
      const answer = await post('/datasets', content, jsonLines)
      assert.ok(answer.status === 422 || answer.status === 413, `${what}: ${answer.status} ${answer.said}`)
      assert.match(answer.said, said)
    }
    const { said } = await post('/datasets', `${good}{"text": "my secret", "intent": 5}\n`, jsonLines)
    assert.match(said, /line 61: intent: expected/)
    assert.doesNotMatch(said, /secret/)
  })

  await t.test('a signal whose dataset nobody can have or use is rejected with the reason', async (t) => {
    const cases = await badReferences(yard.directory, site.url)
    const events = cases.map(([, uri], index) => {
      const digest = uri.startsWith('dataset:') ? uri.slice('dataset:'.length) : digestOf(uri)
      return botUpdated(`reference-${index}`, { uri, digest }, 1)
    })
    await yard.post('/events', events, batch)
    await settledSums(yard)
    for (const [index, [what, , said]] of cases.entries()) {
      await t.test(`a dataset ${what}`, async () => {
        const [signal] = await signalsOf(yard, `reference-${index}`)
        assert.equal(signal?.end, 'rejected')
        assert.match(signal.reason ?? '', said)
      })
    }
    assert.deepEqual(
      site.asked.filter((path) => path.startsWith('/closed/')),
      [],
    )
  })

  await t.test('a name that was rebound and a page of another site are turned away', async () => {
    const { host } = new URL(yard.url)
    assert.equal(await statusFor(yard, { host }), 200)
    assert.equal(await statusFor(yard, { host, origin: yard.url }), 200)
    assert.equal(await statusFor(yard, { host: 'evil.example' }), 403)
    assert.equal(await statusFor(yard, { host, origin: 'https://evil.example' }), 403)
    assert.equal(await statusFor(yard, { host, origin: 'null' }), 403)
  })

  await t.test('after all of it a good event is trained, and the ledger adds up', async () => {
    const before = await settledSums(yard)
    assert.equal(before.launched, 0)
    await publish(yard, botUpdated('good', { uri: `${site.url}/open/good.jsonl`, digest: digestOf(good) }, 1))
    await eventually(() => championOf(yard, 'good'))
    const after = await settledSums(yard)
    assert.deepEqual({ ...after }, { ...before, received: before.received + 1, launched: 1 })
  })
})

async function lettersIn(yard: Yard): Promise<Letter[]> {
  return (await yard.get<{ deadLetters: Letter[] }>('/dead-letters')).deadLetters
}

/** Puts messages on the bus as any program that may write to it can. */
async function publishRaw(
  t: Ending,
  yard: Yard,
  messages: Parameters<ReturnType<typeof openLogBus>['publish']>[0],
): Promise<void> {
  const server = await startEmbeddedPostgres({ directory: join(yard.directory, 'data', 'postgres'), durable: true })
  const database = openDatabase({ url: server.url, maximumConnections: 1, random: systemRandom })
  cleanup(t, () => database.close())
  const log = pino({ level: 'silent' })
  await openLogBus({ database, clock: systemClock, log, pollMs: 1_000, batchSize: 1 }).publish(messages)
}

function statusFor(yard: Yard, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(new URL('/signals', yard.url), { headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    call.on('error', reject).end()
  })
}
