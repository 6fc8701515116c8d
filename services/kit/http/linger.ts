/**
 * An answer may be ready before its request is: a dataset is refused at its first lines, a body at its limit. What the
 * client is still sending is then read on and dropped for a while. Otherwise a client that writes all before it reads
 * would never see the answer, and on a connection that is kept the next request would wait behind the rest of this one.
 */
import type { IncomingMessage } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { malformed, messageOf } from '../errors.ts'

const lingerMs = 30_000
const silenceLimitMs = 60_000

/**
 * A body as a stream that may be left early: the request itself stays open for its rest. A client that falls silent while
 * more of it is wanted is cut off, since it keeps a turn from others.
 */
export function leavable(request: IncomingMessage, limitMs = silenceLimitMs): Readable {
  // What nobody reads yet, or any more, has nobody to tell of its error either.
  const body = new PassThrough().on('error', () => {})
  let seen = -1
  const watch = setInterval(() => {
    const { bytesRead } = request.socket
    if (bytesRead === seen && body.readableLength === 0 && !request.complete)
      request.destroy(new Error(`nothing came for ${limitMs} ms`))
    seen = bytesRead
  }, limitMs).unref()
  for (const each of [body, request]) each.once('close', () => clearInterval(watch))
  request.once('error', (error) => body.destroy(malformed(`the body broke off: ${messageOf(error)}`, { cause: error })))
  return request.pipe(body)
}

export function lingerAfterAnswers(app: Pick<FastifyInstance, 'addHook'>, limitMs = lingerMs): void {
  app.addHook('onSend', async ({ raw }, reply) => {
    if (raw.complete) return
    // Fastify closes the connection when a body is not taken, which would cut the answer off.
    reply.removeHeader('connection')
    const limit = setTimeout(() => raw.destroy(), limitMs).unref()
    raw.once('close', () => clearTimeout(limit))
    raw.on('error', () => {})
    raw.unpipe().resume()
  })
  // What was refused before anybody read it would be kept, with all that it has taken in.
  app.addHook('onResponse', async ({ body }) => {
    if (body instanceof Readable) body.destroy()
  })
}
