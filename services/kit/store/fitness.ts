/** Whether a PostgreSQL is one that the services can rely on: asked once, before anything is done in it. */
import { broken } from '../errors.ts'
import type { Database } from './database.ts'
import { byKey } from './pool.ts'

/** The first that ends a session which is silent for too long: whoever holds a lock in it may hang. */
const oldestVersion = 14

export const pastPooler =
  'Let DATABASE_URL lead to PostgreSQL itself: a pooler such as PgBouncer shares out the sessions whose locks the services rely on.'

/**
 * @throws broken where it is too old, or something between it and us shares connections out: locks and settings of a session
 * would be other people's, and two relays would publish at once
 */
export async function requireFitness({ keyed }: Pick<Database, 'keyed'>): Promise<void> {
  const names = Object.keys(byKey)
  const rows = await keyed.query<{ version: number; settings: string[] }>(
    `select current_setting('server_version_num')::integer as version,
            array(select current_setting(name) from unnest($1::text[]) with ordinality as asked (name, place) order by place) as settings`,
    [names],
  )
  const { version = 0, settings = [] } = rows[0] ?? {}
  const major = Math.floor(version / 10_000)
  if (major < oldestVersion)
    throw broken(`the database is PostgreSQL ${major}, which is too old`, {
      hint: `Use PostgreSQL ${oldestVersion} or newer.`,
    })
  const lost = names.find((name, place) => settings[place] !== byKey[name])
  if (lost !== undefined)
    throw broken(`the database did not take the setting ${lost} that our connections begin with`, {
      hint: pastPooler,
    })
}
