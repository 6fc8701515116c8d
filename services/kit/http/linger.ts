/**
 * An answer may be ready before its request is: a dataset is refused at its first lines, a body at its limit. What the
 * client is still sending is then read on and dropped for a while. Otherwise a client that writes all before it reads
 * would never see the answer, and on a connection that is kept the next request would wait behind the rest of this one.
 */
import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'

const lingerMs = 30_000

/** A body as a stream that may be left early: the request itself stays open for its rest. */
export function leavable(request: IncomingMessage): Readable {
  const body = new PassThrough()
  request.once('error', (error) => body.destroy(error))
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
}
