/**
 * Says in the database where this launcher's attempts are. Of launchers with different places each would take the other's
 * attempts for ended, and start them again (I1).
 *
 * States: held → (the session ends: PostgreSQL restarts) → taken again → held … → stopped; or another place is found
 * then, and the process ends.
 *
 * Invariants:
 * - the place is a shared lock of a session, which PostgreSQL gives back when the process is killed;
 * - while a session lasts, nobody who has another place gets past `holdPlace`;
 * - between two sessions somebody may: at most one of the two places is still there once the lock is taken again.
 */
import { backoffMs } from '../kit/bus/backoff.ts'
import { conflict, messageOf, TrainyardError } from '../kit/errors.ts'
import type { Kit } from '../kit/service.ts'
import type { Database, Session } from '../kit/store/database.ts'

/** Whoever has another place is let in meanwhile. */
const longestPauseMs = 1_000

const otherPlaces = `
  select from pg_locks
   where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
     and classid = (hashtext('trainyard.attempts')::bigint & 4294967295)::oid
     and objid <> (hashtext($1)::bigint & 4294967295)::oid`

/**
 * Holds the place until it is stopped.
 * @throws conflict when another launcher has its attempts elsewhere
 */
export async function holdPlace(
  { database, clock, log, fail }: Pick<Kit, 'database' | 'clock' | 'log' | 'fail'>,
  place: string,
): Promise<{ stop(): Promise<void> }> {
  const stopping = new AbortController()
  let session = await take(database, place)

  async function takeAgain(): Promise<Session | undefined> {
    for (let failures = 0; !stopping.signal.aborted; failures += 1) {
      await clock.sleep(Math.min(longestPauseMs, backoffMs(failures)), stopping.signal)
      try {
        return await take(database, place)
      } catch (error) {
        if (error instanceof TrainyardError && error.code === 'conflict') throw error
        if (failures === 0)
          log.warn({ error: messageOf(error) }, 'the place of the attempts is taken again once it can be')
      }
    }
    return undefined
  }

  async function holdOn(): Promise<void> {
    for (;;) {
      await session.ended
      const next = await takeAgain()
      if (next === undefined) return
      session = next
      // Stopped while it was taken: nobody else has closed this one.
      if (stopping.signal.aborted) await session.close()
    }
  }
  const holding = holdOn().catch(fail)

  return {
    async stop() {
      stopping.abort()
      await session.close()
      await holding
    },
  }
}

async function take(database: Database, place: string): Promise<Session> {
  const session = await database.session()
  try {
    await session.query("select pg_advisory_lock_shared(hashtext('trainyard.attempts'), hashtext($1))", [place])
    if ((await session.query(otherPlaces, [place])).length === 0) return session
    throw conflict(`another launcher on this database has its attempts elsewhere than in ${place}`, {
      hint: 'Let all launchers have the same cluster and namespace, or the same machine and TRAINYARD_DATA_DIR; or give each a database of its own.',
    })
  } catch (error) {
    await session.close().catch(() => {})
    throw error
  }
}
