import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { fastify } from 'fastify'
import { messageOf } from '../../../services/kit/errors.ts'
import { leavable, lingerAfterAnswers } from '../../../services/kit/http/linger.ts'
import { eventually } from '../../harness/eventually.ts'

const oneMiB = 1024 * 1024

/** A server that refuses every body at its first bytes, and one connection to it. */
async function connectFor(t: TestContext, limitMs?: number): Promise<{ socket: Socket; received(): string }> {
  const app = fastify({ bodyLimit: oneMiB, forceCloseConnections: true })
  lingerAfterAnswers(app, limitMs)
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, leavable(payload)))
  app.post('/bodies', async ({ body }, reply) => {
    assert.ok(body instanceof Readable)
    for await (const _ of body) return reply.status(422).send('refused')
  })
  app.get('/next', async () => 'next')
  const { port, hostname } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  t.after(() => app.close())
  const socket = connect(Number(port), hostname)
  t.after(() => socket.destroy())
  let received = ''
  socket.on('error', () => {})
  await once(socket, 'connect')
  return {
    socket: socket.on('data', (data) => {
      received += data
    }),
    received: () => received,
  }
}

const head = (type: string, bytes: number) =>
  `POST /bodies HTTP/1.1\r\nhost: test\r\ncontent-type: ${type}\r\ncontent-length: ${bytes}\r\n\r\n`

for (const [what, type, status] of [
  ['refused at its first bytes', 'application/octet-stream', 422],
  ['refused for its length', 'application/json', 413],
] as const) {
  test(`a body ${what} is answered also where all is written before anything is read, and the connection goes on`, async (t) => {
    const { socket, received } = await connectFor(t)
    socket.pause()
    socket.write(head(type, 8 * oneMiB))
    await new Promise((resolve) => socket.write(Buffer.alloc(8 * oneMiB, 'x'), resolve))
    socket.resume()
    await eventually(() => received().startsWith(`HTTP/1.1 ${status}`))
    socket.write('GET /next HTTP/1.1\r\nhost: test\r\n\r\n')
    await eventually(() => received().endsWith('\r\n\r\nnext'))
  })
}

test('a body that goes on without end is cut off after a while', async (t) => {
  const { socket, received } = await connectFor(t, 50)
  socket.write(head('application/octet-stream', 8 * oneMiB))
  socket.write('the beginning')
  await eventually(() => received().startsWith('HTTP/1.1 422'))
  await eventually(() => socket.destroyed)
})

for (const [what, limitMs, reason] of [
  ['falls silent', 20, /the body broke off: nothing came for 20 ms/],
  ['breaks off', 60_000, /the body broke off: aborted/],
] as const) {
  test(`a client that ${what} in the middle of a body ends it, whether it is read already or not`, async (t) => {
    const app = fastify({ forceCloseConnections: true })
    const { promise: turn, resolve: begin } = Promise.withResolvers<void>()
    const failures: unknown[] = []
    app.addContentTypeParser('application/octet-stream', (_request, payload, done) =>
      done(null, leavable(payload, limitMs)),
    )
    app.post('/bodies', async ({ body, headers }) => {
      assert.ok(body instanceof Readable)
      if (headers['content-length'] === '2') await turn
      await body.forEach(() => {}).catch((error: unknown) => failures.push(error))
    })
    const { port, hostname } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
    t.after(() => app.close())
    for (const length of [oneMiB, 2]) {
      const socket = connect(Number(port), hostname).on('error', () => {})
      await new Promise((resolve) => socket.write(`${head('application/octet-stream', length)}x`, resolve))
      if (limitMs > 1_000) socket.destroy()
    }
    await eventually(() => failures.length === 1)
    begin()
    await eventually(() => failures.length === 2)
    for (const failure of failures) assert.match(messageOf(failure), reason)
  })
}

test('a body that is refused before anybody reads it is let go of with its answer', async (t) => {
  const app = fastify({ forceCloseConnections: true })
  lingerAfterAnswers(app)
  const bodies: Readable[] = []
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, leavable(payload)))
  app.post('/bodies', async ({ body }, reply) => {
    assert.ok(body instanceof Readable)
    bodies.push(body)
    return reply.status(503).send('not now')
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => app.close())
  const headers = { 'content-type': 'application/octet-stream' }
  for (const bytes of [100, 100_000]) {
    const answer = await fetch(`${url}/bodies`, { method: 'POST', headers, body: Buffer.alloc(bytes) })
    assert.equal(await answer.text(), 'not now')
  }
  await eventually(() => bodies.length === 2 && bodies.every(({ destroyed }) => destroyed))
})
