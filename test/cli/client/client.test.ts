import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { z } from 'zod'
import { makeClient, Refusal, Unreachable } from '../../../services/cli/client/client.ts'
import { path } from '../../../services/cli/client/path.ts'
import { failureText } from '../../../services/cli/failure.ts'
import { fakeServer } from '../server.ts'

const Answer = z.object({ fine: z.boolean() })
const clientOf = (url: string, token?: string) => makeClient({ url, token })

async function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => assert.fail('it was to fail'),
    (error: unknown) => failureText(error),
  )
}

test('the token goes with every request, and the query holds what is set', async (t) => {
  const server = await fakeServer(t, { 'GET /runs': { json: { fine: true } } })
  const answer = await clientOf(`${server.url}/`, 'secret').get('/runs', Answer, { bot: 'a b', limit: undefined })
  assert.deepEqual(answer, { fine: true })
  assert.equal(server.asked[0]?.path, '/runs?bot=a+b')
  assert.equal(server.asked[0]?.headers.authorization, 'Bearer secret')
})

test('a name with a slash, a space or a dot is one part of the path', () => {
  assert.equal(path`/bots/${'a/../b c'}/rollback`, '/bots/a%2F..%2Fb%20c/rollback')
})

test('what a URL would take for a step on its way is refused as a name before anything is asked', () => {
  for (const name of ['', '.', '..']) {
    assert.throws(() => path`/bots/${name}/rollback`, { message: `nothing can be named "${name}"`, exitCode: 2 })
  }
  assert.equal(path`/bots/${'...'}`, '/bots/...')
})

test('a refusal keeps its code and details, and its hint says what to do next', async (t) => {
  const server = await fakeServer(t, {
    'POST /train': {
      status: 409,
      json: { error: { code: 'conflict', message: 'it has moved', hint: 'Look again', details: { now: 3 } } },
    },
  })
  const refused = clientOf(server.url).post('/train', Answer, {})
  await assert.rejects(refused, (error: unknown) => {
    assert.ok(error instanceof Refusal)
    assert.deepEqual([error.status, error.code, error.details], [409, 'conflict', { now: 3 }])
    return true
  })
  assert.equal(await failureOf(refused), 'trainyard: it has moved. Look again.\n')
})

test('an answer of another shape names the field and asks for the version', async (t) => {
  const server = await fakeServer(t, { 'GET /x': { json: { fine: 'yes' } } })
  assert.match(
    await failureOf(clientOf(server.url).get('/x', Answer)),
    /^trainyard: the answer to GET \/x is not understood \(fine: .*\)\. Is .* of the same version as this command\?\n$/,
  )
})

test('something that is no Trainyard is said to be none', async (t) => {
  const server = await fakeServer(t, { 'GET /x': { status: 502, text: '<html>' }, 'GET /y': { text: '<html>' } })
  const client = clientOf(server.url)
  assert.match(
    await failureOf(client.get('/x', Answer)),
    /answered with 502 and no explanation\. Is .* a Trainyard server\?/,
  )
  assert.match(await failureOf(client.get('/y', Answer)), /is not understood \(the whole: /)
})

test('where no server answers, the message says how to start one', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const asked = clientOf(`http://127.0.0.1:${port}`).get('/runs', Answer)
  await assert.rejects(asked, Unreachable)
  assert.match(
    await failureOf(asked),
    /^trainyard: no server answers at .* Start one with "trainyard dev", or name another with --url or TRAINYARD_URL\.\n$/,
  )
})
