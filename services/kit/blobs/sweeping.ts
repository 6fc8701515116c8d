import type { Loop } from '../loop.ts'
import type { Database } from '../store/database.ts'

const everyMs = 600_000
/** Far longer than the pause between two chunks of an upload that goes on. */
const stillMinutes = 60
const uploadsAtOnce = 10

/** Removes what was stored of uploads whose process is gone. */
export function makeBlobSweeping(database: Database): Loop {
  return {
    name: 'blobs.sweeping',
    pollMs: everyMs,
    async work() {
      const gone = await database.execute(
        `with still as (
           delete from blobs.uploads where upload = any (array (
             select upload from blobs.uploads where touched_at < now() - make_interval(mins => $1)
              limit ${uploadsAtOnce} for update skip locked))
           returning upload)
         delete from blobs.chunks using still where chunks.upload = still.upload`,
        [stillMinutes],
      )
      return gone > 0 ? 0 : undefined
    },
  }
}
