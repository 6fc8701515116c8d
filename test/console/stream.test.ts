import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { makeNews } from '../../services/console/news.ts'
import { follow } from '../../services/console/stream.ts'
import type { Clock } from '../../services/kit/clock.ts'
import type { HttpApp } from '../../services/kit/http/app.ts'
import type { Queryable } from '../../services/kit/store/database.ts'
import { eventually } from '../harness/eventually.ts'
import { given, promotedLife, run } from './given.ts'
import { openConsole } from './open.ts'

/** A clock on which every wait passes at once. */
function jumpingClock(): Clock {
  let nowMs = 0
  return {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    async sleep(milliseconds) {
      nowMs += milliseconds
    },
  }
}

/** Follows the stream over a real connection. */
async function connect(t: TestContext, url: string, headers: Record<string, string> = {}) {
  const closing = new AbortController()
  t.after(() => closing.abort())
  const response = await fetch(url, { headers, signal: closing.signal })
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  assert.ok(response.body)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    close: () => closing.abort(),
    /** Resolves with the next message that carries data. */
    async next(): Promise<{ id: string; entry: { type: string; what: string; run: string | null } }> {
      for (;;) {
        const match = /id: (\d+)\ndata: (.*)\n\n/.exec(text)
        if (match?.[1] !== undefined && match[2] !== undefined) {
          text = text.slice(match.index + match[0].length)
          return { id: match[1], entry: JSON.parse(match[2]) }
        }
        const { value, done } = await reader.read()
        if (done) throw new Error(`the stream ended after ${JSON.stringify(text)}`)
        text += value
      }
    },
  }
}

async function listening(t: TestContext, history: Parameters<typeof openConsole>[1] = []) {
  const opened = await openConsole(t, history)
  const url = await opened.kit.app.listen({ host: '127.0.0.1', port: 0 })
  return { ...opened, url }
}

const told = given({ letter: 'a' })

test('what happens is streamed as it is recorded, in sentences', async (t) => {
  const { url, tell } = await listening(t, [told('run.queued')])
  const client = await connect(t, `${url}/stream`)
  await tell(told('run.started'))
  const { entry } = await client.next()
  assert.equal(entry.type, 'run.started')
  assert.equal(entry.what, 'Attempt 1 started')
})

test('a client that comes back with the last id that it saw misses nothing and sees nothing twice', async (t) => {
  const life = promotedLife({ letter: 'a' })
  const { url, tell } = await listening(t, life.slice(0, 3))
  const first = await connect(t, `${url}/stream?after=0`)
  const seen = [await first.next(), await first.next()]
  first.close()
  await tell(...life.slice(3))
  const second = await connect(t, `${url}/stream`, { 'last-event-id': seen[1]?.id ?? '' })
  for (let count = seen.length; count < life.length; count += 1) seen.push(await second.next())
  assert.deepEqual(
    seen.map(({ entry }) => entry.type),
    life.map(({ name }) => name),
  )
})

test('a client hears of its bot or its run alone when it asks for that', async (t) => {
  const other = given({ letter: 'b' })
  const { url, tell } = await listening(t)
  const client = await connect(t, `${url}/stream?bot=shop&run=${run('b')}`)
  await tell(told('run.queued'), other('run.queued'), told('run.started'), other('run.started'))
  assert.equal((await client.next()).entry.run, run('b'))
  assert.equal((await client.next()).entry.run, run('b'))
})

test('an id from beyond the end, as of another history, begins now', async (t) => {
  const { url, tell } = await listening(t, [told('run.queued')])
  const client = await connect(t, `${url}/stream`, { 'last-event-id': '999999' })
  await tell(told('run.started'))
  assert.equal((await client.next()).entry.type, 'run.started')
})

test('a silent stream says every quarter of a minute that it is alive', async (t) => {
  const { kit } = await openConsole(t)
  const clock = jumpingClock()
  const closing = new AbortController()
  const messages = follow({
    database: kit.database,
    news: makeNews(clock),
    clock,
    filter: {},
    after: 0,
    signal: closing.signal,
  })
  assert.equal((await messages.next()).value, 'retry: 2000\n\n')
  assert.equal((await messages.next()).value, ': heartbeat\n\n')
  assert.equal(clock.monotonicMs(), 15_000)
  assert.equal((await messages.next()).value, ': heartbeat\n\n')
  assert.equal(clock.monotonicMs(), 30_000)
})

test('a client that takes nothing costs one page, however much happens', async (t) => {
  const { kit } = await openConsole(
    t,
    Array.from({ length: 250 }, (_, index) => told('run.queued', { priority: index })),
  )
  let reads = 0
  const counting: Queryable = {
    query(text, values) {
      reads += 1
      return kit.database.query(text, values)
    },
    execute: (text, values) => kit.database.execute(text, values),
  }
  const clock = jumpingClock()
  const closing = new AbortController()
  const messages = follow({
    database: counting,
    news: makeNews(clock),
    clock,
    filter: {},
    after: 0,
    signal: closing.signal,
  })
  await messages.next()
  for (let taken = 0; taken < 100; taken += 1) await messages.next()
  assert.equal(reads, 1)
  await messages.next()
  assert.equal(reads, 2)
})

test('the stream of a client that has gone ends', async (t) => {
  const { kit } = await openConsole(t)
  const { database, clock } = kit
  const closing = new AbortController()
  const messages = follow({ database, news: makeNews(clock), clock, filter: {}, after: 0, signal: closing.signal })
  await messages.next()
  const waiting = messages.next()
  closing.abort()
  assert.equal((await waiting).done, true)
})

test('clients that go away before they are answered leave their places to others', async (t) => {
  const { url, kit } = await listening(t)
  await kit.database.transaction(async (transaction) => {
    await transaction.execute('lock table console.head in access exclusive mode')
    const closing = new AbortController()
    const gone = Array.from({ length: 200 }, () => fetch(`${url}/stream`, { signal: closing.signal }).catch(() => {}))
    await eventually(async () => (await connectionsOf(kit.app)) >= 200)
    closing.abort()
    await Promise.all(gone)
    await eventually(async () => (await connectionsOf(kit.app)) === 0)
  })
  // Behind all that the clients had asked for.
  await Promise.all(Array.from({ length: 20 }, () => kit.database.query('select 1')))
  const client = await connect(t, `${url}/stream`)
  client.close()
})

test('no more clients follow than there are places, though they come at once', async (t) => {
  const { url } = await listening(t)
  const closing = new AbortController()
  t.after(() => closing.abort())
  const come = Array.from({ length: 205 }, () => fetch(`${url}/stream`, { signal: closing.signal }))
  const answers = (await Promise.all(come)).map(({ status }) => status)
  assert.equal(answers.filter((status) => status === 200).length, 200)
  assert.equal(answers.filter((status) => status === 503).length, 5)
})

const connectionsOf = (app: HttpApp): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })

test('the server stops while clients follow', async (t) => {
  const { url, kit } = await listening(t)
  const client = await connect(t, `${url}/stream`)
  await kit.app.close()
  await assert.rejects(client.next())
})
