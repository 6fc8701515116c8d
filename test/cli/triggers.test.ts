import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { messagesIn } from '../../services/cli/messages.ts'
import { fakeServer, trainyard } from './server.ts'

const results = [
  {
    event: { source: 'platform', eventId: 'e-1', type: 'bot.updated' },
    becomes: 'signal',
    signal: { signal: 'sig-1', bot: 'shop', jobType: 'intents', dataset: 'dataset:x', revision: 4, known: true },
    reason: null,
  },
  { event: null, becomes: 'deadLetter', signal: null, reason: 'message: not valid JSON' },
  {
    event: { source: 'platform', eventId: 'e-3', type: 'x' },
    becomes: 'nothing',
    signal: null,
    reason: 'its type is "x"',
  },
]

async function serverOf(t: TestContext) {
  return await fakeServer(t, { 'POST /triggers/bot-edited/test': { json: { results } } })
}

async function fileOf(t: TestContext, content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'messages.jsonl')
  await writeFile(file, content)
  return file
}

test('triggers test shows for each message of a topic what it would become, and why not', async (t) => {
  const server = await serverOf(t)
  const { exitCode, out } = await trainyard([
    ...['triggers', 'test', 'bot-edited', '--topic', 'bot.events', '--last', '3', '--url', server.url],
  ])
  assert.equal(exitCode, 0)
  assert.match(out, /1 {2}e-1 +signal +for shop \(intents\), revision 4, dataset dataset:x, came before/)
  assert.match(out, /2 +dead letter +message: not valid JSON/)
  assert.match(out, /3 {2}e-3 +nothing +its type is "x"/)
  assert.match(out, /1 signal, 1 dead letter, 1 of no concern\./)
  assert.deepEqual(JSON.parse(server.asked[0]?.body ?? ''), { topic: 'bot.events', last: 3 })
})

test('triggers test sends the lines of a file as they are, even those that are no JSON', async (t) => {
  const server = await serverOf(t)
  const file = await fileOf(t, '{"id": 1}\nno json\n\n{"id": 2}\n')
  const { exitCode, out } = await trainyard([
    'triggers',
    'test',
    'bot-edited',
    '--from',
    file,
    '--json',
    '--url',
    server.url,
  ])
  assert.equal(exitCode, 0)
  assert.deepEqual(JSON.parse(out), { results })
  assert.deepEqual(JSON.parse(server.asked[0]?.body ?? ''), {
    messages: [{ value: '{"id": 1}' }, { value: 'no json' }, { value: '{"id": 2}' }],
  })
})

test('a file of one JSON is one message, and a list is its items', () => {
  assert.deepEqual(messagesIn('{\n  "id": 1\n}\n'), ['{\n  "id": 1\n}'])
  assert.deepEqual(messagesIn('[{"id": 1}, 2]'), ['{"id":1}', '2'])
  assert.deepEqual(messagesIn(''), [])
})

test('triggers list shows what each trigger is for and where it looks', async (t) => {
  const trigger = {
    name: 'eu-only',
    topic: 'eu.events',
    type: 'bot.moved',
    jobType: 'intents',
    bot: '/data/botId',
    dataset: null,
  }
  const conditions = [{ pointer: '/data/region', equals: 'eu' }]
  const server = await fakeServer(t, { 'GET /triggers': { json: { triggers: [{ ...trigger, conditions }] } } })
  const { out } = await trainyard(['triggers', 'list', '--url', server.url])
  assert.match(out, /eu-only +eu\.events +bot\.moved, \/data\/region = "eu" +intents +\/data\/botId +the newest known/)
})
