/**
 * The log of a run as a stream of bytes, in the order of its attempts; with `follow` it goes on until the run has ended, or
 * whoever follows is gone: a generator that waits hears nothing of that by itself.
 */

import type { AttemptName, RunId } from '../../schemas/words.ts'
import type { Database } from '../kit/store/database.ts'
import { isWritten, type LogPosition, readLog } from './logs.ts'
import type { News } from './news.ts'

/** How long a follower waits at most before it looks by itself. */
const lookEveryMs = 1_000

export async function* followLog(
  { database, news }: { readonly database: Database; readonly news: News },
  run: RunId,
  attempt: AttemptName | undefined,
  follow: boolean,
  gone: AbortSignal,
): AsyncGenerator<Buffer> {
  const number = attempt === undefined ? undefined : Number(attempt.slice(attempt.lastIndexOf('-') + 1))
  const selection = { run, kind: attempt?.includes('-champion-') ? 'predict' : 'train', number } as const
  let position: LogPosition = { number: 0, startByte: -1 }
  // Nothing, at once: the caller's headers go out, and a follower knows that it follows.
  yield Buffer.alloc(0)
  while (!gone.aborted) {
    // Listening begins before the read, and whether it is written is asked before it too, so that nothing is missed.
    const woken = news.next(run, lookEveryMs, gone)
    const written = !follow || (await isWritten(database, selection))
    const chunks = await readLog(database, selection, position)
    for (const chunk of chunks) {
      if (number === undefined && chunk.number > position.number && chunk.number > 1) {
        yield Buffer.from(`--- attempt ${chunk.number} ---\n`)
      }
      yield chunk.data
      position = chunk
    }
    if (chunks.length > 0) continue
    if (written) return
    await woken
  }
}
