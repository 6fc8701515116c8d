import { Readable } from 'node:stream'
import { z } from 'zod'
import { BotId, RunId } from '../../../schemas/words.ts'
import { unavailable } from '../../kit/errors.ts'
import type { HttpApp } from '../../kit/http/app.ts'
import type { Kit } from '../../kit/service.ts'
import { headOf } from '../history.ts'
import type { News } from '../news.ts'
import { follow } from '../stream.ts'

const maximumClients = 200
const Position = z.coerce.number().int().min(0)

/** `GET /stream`: the history as it grows, as server-sent events. */
export function streamRoutes(app: HttpApp, kit: Pick<Kit, 'database' | 'clock'>, news: News): void {
  let clients = 0

  app.get(
    '/stream',
    {
      schema: {
        summary: 'The history as it grows, as server-sent events',
        description:
          'Each message has a position as its id and a sentence in its data. A client that comes back with the header ' +
          'Last-Event-ID (or with ?after=) goes on after that position; 0 is the beginning. Without either it begins now.',
        tags: ['console'],
        querystring: z.strictObject({ bot: BotId.optional(), run: RunId.optional(), after: Position.optional() }),
        headers: z.looseObject({ 'last-event-id': Position.optional() }),
      },
    },
    async (request, reply) => {
      if (clients >= maximumClients) {
        throw unavailable(`${maximumClients} clients follow the history already`, { hint: 'Come back a little later.' })
      }
      // Before anything is waited for: a client that goes meanwhile is heard.
      const gone = new AbortController()
      clients += 1
      reply.raw.once('close', () => {
        clients -= 1
        gone.abort()
      })
      const { bot, run } = request.query
      const head = await headOf(kit.database)
      // A position beyond the end is from another history, so there is nothing to go on from.
      const after = Math.min(head, request.headers['last-event-id'] ?? request.query.after ?? head)
      const { database, clock } = kit
      const messages = follow({ database, news, clock, filter: { bot, run }, after, signal: gone.signal })
      return reply
        .header('content-type', 'text/event-stream')
        .header('cache-control', 'no-cache')
        .header('x-accel-buffering', 'no')
        .send(Readable.from(messages, { highWaterMark: 1 }))
    },
  )
}
