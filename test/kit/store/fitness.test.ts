import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { systemRandom } from '../../../services/kit/random.ts'
import { openDatabase, openSession } from '../../../services/kit/store/database.ts'
import { requireFitness } from '../../../services/kit/store/fitness.ts'
import { cleanup, type Ending } from '../../harness/cleanup.ts'
import { overTheNetwork, testDatabase } from '../../harness/database.ts'

function open(t: Ending, url: string) {
  const database = openDatabase({ url, maximumConnections: 2, random: systemRandom })
  cleanup(t, () => database.close())
  return database
}

test('a PostgreSQL that answers by itself is fit, also by a URL with options of its own', async (t) => {
  const { url } = await testDatabase(t, [])
  await requireFitness(open(t, url))
  const more = new URL(url)
  more.searchParams.set('options', '-c statement_timeout=1234 -c search_path=own')
  const database = open(t, more.href)
  await requireFitness(database)
  assert.deepEqual(await database.query("select current_setting('statement_timeout') as limit"), [{ limit: '1234ms' }])
})

test('a pooler that drops what a connection begins with is refused, and the way out is told', async (t) => {
  const { url } = await testDatabase(t, [])
  const database = open(t, await throughPooler(t, overTheNetwork(url)))
  await assert.rejects(requireFitness(database), (error: Error & { hint?: string }) => {
    assert.equal(error.message, 'the database did not take the setting plan_cache_mode that our connections begin with')
    assert.match(error.hint ?? '', /^Let DATABASE_URL lead to PostgreSQL itself/)
    return true
  })
})

test('a PostgreSQL that is too old is refused', async () => {
  const query = async () => [{ version: 130_022, settings: [] }]
  const keyed = { query, execute: assert.fail } as unknown as Parameters<typeof requireFitness>[0]['keyed']
  await assert.rejects(requireFitness({ keyed }), /the database is PostgreSQL 13, which is too old/)
})

test('a session that cannot begin leaves no connection behind', async (t) => {
  const database = await testDatabase(t, [])
  const count = async () =>
    (await database.query('select from pg_stat_activity where datname = current_database()')).length
  const before = await count()
  await assert.rejects(openSession(database.url, { idleLimitMs: -1 }), /idle_session_timeout/)
  assert.equal(await count(), before)
})

/** A way to the server that leaves the options out of what a client begins with, as PgBouncer does when it is told to. */
async function throughPooler(t: Ending, url: string): Promise<string> {
  const { port, hostname } = new URL(url)
  const server = createServer((client) => {
    const behind = connect(Number(port), hostname)
    client.once('data', (first) => {
      behind.write(withoutOptions(first))
      client.pipe(behind)
      behind.pipe(client)
    })
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup(t, () => void server.close())
  return Object.assign(new URL(url), { port: String((server.address() as AddressInfo).port) }).href
}

/** A start-up message: its length, the protocol, then names and values that each end with NUL, and one NUL more. */
function withoutOptions(message: Buffer): Buffer {
  const words = message.subarray(8).toString('latin1').split('\0')
  const place = words.findIndex((word, index) => index % 2 === 0 && word === 'options')
  words.splice(place, 2)
  const body = Buffer.from(words.join('\0'), 'latin1')
  const head = Buffer.from(message.subarray(0, 8))
  head.writeInt32BE(8 + body.length, 0)
  return Buffer.concat([head, body])
}
