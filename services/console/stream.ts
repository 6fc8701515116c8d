/**
 * The history as server-sent events. A client is followed by reading: a page of events is read from the history when
 * the client has taken the one before it. So a client costs a page of memory however slow it is, and one that comes back
 * with the last id that it saw goes on there.
 */
import type { Clock } from '../kit/clock.ts'
import type { Queryable } from '../kit/store/database.ts'
import { type HistoricEvent, type HistoryFilter, readHistory } from './history.ts'
import type { News } from './news.ts'
import { sentenceOf } from './sentences.ts'

export interface StreamOptions {
  readonly database: Queryable
  readonly news: News
  readonly clock: Clock
  readonly filter: HistoryFilter
  /** The position after which to begin. */
  readonly after: number
  readonly signal: AbortSignal
}

const pageSize = 100
/** How soon what another replica has written is seen. */
const pollMs = 1_000
/** Well below the minute after which proxies cut off a silent connection. */
const heartbeatMs = 15_000

export async function* follow(options: StreamOptions): AsyncGenerator<string> {
  const { database, news, clock, filter, signal } = options
  let position = options.after
  let saidAtMs = clock.monotonicMs()
  // Sent at once, so that the client knows that it is connected; EventSource waits this long before it comes back.
  yield 'retry: 2000\n\n'
  while (!signal.aborted) {
    const seen = news.count
    const events = await readHistory(database, position, filter, pageSize)
    for (const event of events) yield messageOf(event)
    position = events.at(-1)?.position ?? position
    if (events.length > 0) {
      saidAtMs = clock.monotonicMs()
    } else if (clock.monotonicMs() - saidAtMs >= heartbeatMs) {
      yield ': heartbeat\n\n'
      saidAtMs = clock.monotonicMs()
    }
    if (events.length < pageSize) await news.wait(seen, pollMs, signal)
  }
}

function messageOf(event: HistoricEvent): string {
  const { id, position, name, time, data } = event
  const { bot, jobType, run } = data
  const entry = { time, what: sentenceOf(event), type: name, bot, jobType, run, event: id, data }
  return `id: ${position}\ndata: ${JSON.stringify(entry)}\n\n`
}
