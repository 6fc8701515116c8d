import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { z } from 'zod'
import { parseEnvironment } from '../../../services/kit/environment.ts'
import { conflict } from '../../../services/kit/errors.ts'
import { makeHttpApp } from '../../../services/kit/http/app.ts'

async function appFor(t: TestContext, variables: Record<string, string> = {}) {
  const app = await makeHttpApp({
    environment: parseEnvironment(variables),
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    ready: async () => ({ ready: false, reason: 'the database does not answer' }),
  })
  const schema = {
    summary: 'Count',
    tags: ['test'],
    body: z.object({ count: z.number().int() }),
    response: { 200: z.object({ doubled: z.number() }) },
  }
  app.post('/count', { schema }, async (request) => {
    if (request.body.count < 0) throw conflict('it has moved', { hint: 'Look again.', details: { now: 3 } })
    if (request.body.count > 100) throw new Error('secret detail')
    return { doubled: request.body.count * 2 }
  })
  t.after(() => app.close())
  return app
}

test('every error has one shape: what happened, to what, and what to do next', async (t) => {
  const app = await appFor(t)
  const post = (payload: string, headers = {}) =>
    app.inject({ method: 'POST', url: '/count', payload, headers: { 'content-type': 'application/json', ...headers } })
  assert.deepEqual((await post('{"count":2}')).json(), { doubled: 4 })
  const moved = await post('{"count":-1}')
  assert.equal(moved.statusCode, 409)
  assert.deepEqual(moved.json(), {
    error: { code: 'conflict', message: 'it has moved', hint: 'Look again.', details: { now: 3 } },
  })
  const wrong = await post('{"count":"two"}')
  assert.equal(wrong.statusCode, 422)
  assert.equal(wrong.json().error.message, 'the request is wrong: count: expected a number')
  assert.equal((await post('{}')).json().error.message, 'the request is wrong: count: is missing')
  const broken = await post('{"count":')
  assert.equal(broken.statusCode, 400)
  assert.match(broken.json().error.message, /not JSON/)
  const notUtf8 = await app.inject({
    method: 'POST',
    url: '/count',
    payload: Buffer.from([0x22, 0xff, 0x22]),
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(notUtf8.statusCode, 400)
  const unforeseen = await post('{"count":101}')
  assert.equal(unforeseen.statusCode, 500)
  assert.deepEqual(Object.keys(unforeseen.json().error), ['code', 'message', 'hint'])
  assert.ok(!unforeseen.body.includes('secret'))
  assert.equal((await app.inject('/nowhere')).statusCode, 404)
  const form = await post('count=2', { 'content-type': 'application/x-www-form-urlencoded' })
  assert.equal(form.statusCode, 400)
  assert.match(form.json().error.message, /expected a body of JSON .* got application\/x-www-form-urlencoded/)
  const badPath = await app.inject('/count/%ff')
  assert.equal(badPath.statusCode, 400)
  assert.equal(badPath.json().error.code, 'malformed')
})

test('a page of another site and a rebound name are turned away', async (t) => {
  const app = await appFor(t)
  const get = (headers: Record<string, string>) => app.inject({ url: '/health/live', headers })
  assert.equal((await get({ host: 'localhost:7070' })).statusCode, 200)
  assert.equal((await get({ host: '127.0.0.1:7070', origin: 'http://127.0.0.1:7070' })).statusCode, 200)
  assert.equal((await get({ host: 'evil.example' })).statusCode, 403)
  assert.equal((await get({ host: 'localhost:7070', origin: 'https://evil.example' })).statusCode, 403)
  assert.equal((await get({ host: 'localhost:7070', origin: 'http://localhost:8080' })).statusCode, 403)
  assert.equal((await get({ host: 'localhost:7070', origin: 'null' })).statusCode, 403)
})

test('where a token is set, only probes go without it', async (t) => {
  const token = 'a-token-of-sixteen'
  const app = await appFor(t, { TRAINYARD_HOST: '0.0.0.0', TRAINYARD_API_TOKEN: token })
  const without = await app.inject('/openapi.json')
  assert.equal(without.statusCode, 401)
  assert.match(without.json().error.message, /wants a token/)
  const wrong = await app.inject({ url: '/openapi.json', headers: { authorization: `Bearer ${token}x` } })
  assert.equal(wrong.statusCode, 401)
  assert.match(wrong.json().error.message, /was sent another token than its own/)
  assert.equal(
    (await app.inject({ url: '/openapi.json', headers: { authorization: `Bearer ${token}` } })).statusCode,
    200,
  )
  assert.equal((await app.inject('/health/live')).statusCode, 200)
})

test('who sends the token for reading may read everything, and change nothing', async (t) => {
  const [all, read] = ['a-token-of-sixteen', 'another-token-of-sixteen']
  const variables = { TRAINYARD_HOST: '0.0.0.0', TRAINYARD_API_TOKEN: all, TRAINYARD_READ_TOKEN: read }
  const app = await appFor(t, variables)
  const call = async (method: 'GET' | 'POST', url: string, token: string) =>
    await app.inject({ method, url, headers: { authorization: `Bearer ${token}` } })
  assert.equal((await call('GET', '/openapi.json', read)).statusCode, 200)
  assert.equal((await call('GET', '/openapi.json', all)).statusCode, 200)
  const refused = await call('POST', '/count', read)
  assert.equal(refused.statusCode, 403)
  assert.match(refused.json().error.message, /the token that was sent is for reading, and POST \/count may change/)
  assert.notEqual((await call('POST', '/count', all)).statusCode, 403)
})

test('a server that cannot work says so to its probe, and the OpenAPI document lists what there is', async (t) => {
  const app = await appFor(t)
  const ready = await app.inject('/health/ready')
  assert.equal(ready.statusCode, 503)
  assert.deepEqual(ready.json(), { ready: false, reason: 'the database does not answer' })
  assert.deepEqual(Object.keys((await app.inject('/openapi.json')).json().paths), ['/count'])
})
