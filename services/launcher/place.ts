import { conflict } from '../kit/errors.ts'
import type { Database, Session } from '../kit/store/database.ts'

const otherPlaces = `
  select from pg_locks
   where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
     and classid = (hashtext('trainyard.attempts')::bigint & 4294967295)::oid
     and objid <> (hashtext($1)::bigint & 4294967295)::oid`

/**
 * Says in the database where this launcher's attempts are, as long as the session lasts: a lock, which PostgreSQL gives
 * back when the process is killed.
 * @throws conflict when another launcher has its attempts elsewhere: each would take the other's for ended, and start them again
 */
export async function holdPlace(database: Database, place: string): Promise<Session> {
  const session = await database.session()
  await session.query("select pg_advisory_lock_shared(hashtext('trainyard.attempts'), hashtext($1))", [place])
  const others = await session.query(otherPlaces, [place])
  if (others.length === 0) return session
  await session.close()
  throw conflict(`another launcher on this database has its attempts elsewhere than in ${place}`, {
    hint: 'Let all launchers run on one machine with the same TRAINYARD_DATA_DIR, or give each a database of its own.',
  })
}
