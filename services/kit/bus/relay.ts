/**
 * Carries a service's outbox to the bus, in order.
 *
 * States: waiting for the lock → publishing → (lock lost) → waiting.
 *
 * Invariants:
 * - one relay at a time per service, by an advisory lock on a connection of its own: when the connection goes, so does the
 *   lock. The rows are read on that very connection, so whoever has them to publish still holds the lock; and it goes
 *   from a process that is stopped, too, since PostgreSQL ends a session of which nothing is asked for too long;
 * - rows are published in the order of their ids, and marked only after the bus has them; so a crash in between says
 *   something twice and never nothing, and consumers tell by natural keys;
 * - after a take-over the newest recent message of each compacted key is said again, in case the relay before was cut
 *   off between two keys and said an older one last.
 */
import { topicNames, topics } from '../../../schemas/catalogue.ts'
import type { Logger } from '../log.ts'
import type { Loop } from '../loop.ts'
import type { Database, Session } from '../store/database.ts'
import type { Bus, OutgoingMessage } from './bus.ts'

export interface RelayOptions {
  readonly service: string
  readonly database: Database
  readonly bus: Bus
  readonly log: Logger
  readonly point: (name: string) => Promise<void>
  readonly pollMs: number
}

const batchSize = 500
/** What one batch may hold in memory, beside its last message. */
const batchBytes = 8 * 1024 * 1024
/** Longer than any pause between two looks. */
const sessionIdleLimitMs = 30_000
const recentMinutes = 10
const compactedTopics = topicNames.filter((topic) => topics[topic].cleanup === 'compact')

type OutboxRow = OutgoingMessage & { id: number }

export function makeRelay(options: RelayOptions): Loop & { stop(): Promise<void> } {
  const { service, database, bus, log, point, pollMs } = options
  let session: Session | undefined
  let leads = false

  async function open(): Promise<Session> {
    const opened = await database.session(sessionIdleLimitMs)
    void opened.ended.then(() => {
      if (session !== opened) return
      session = undefined
      leads = false
    })
    session = opened
    return opened
  }

  /** The session that holds the lock; undefined while another relay does. */
  async function leading(): Promise<Session | undefined> {
    const own = session ?? (await open())
    if (leads) return own
    const rows = await own.query<{ locked: boolean }>(
      "select pg_try_advisory_lock(hashtext('trainyard.relay'), hashtext($1)) as locked",
      [service],
    )
    if (!rows[0]?.locked) return undefined
    await repeatRecent()
    leads = session === own
    return own
  }

  async function repeatRecent(): Promise<void> {
    const rows = await database.query<OutboxRow>(
      `select distinct on (topic, key) id, topic, key, headers, value from ${service}.outbox
        where topic = any($1) and published_at > now() - make_interval(mins => $2) order by topic, key, id desc`,
      [compactedTopics, recentMinutes],
    )
    await bus.publish([...rows].sort((one, other) => one.id - other.id))
  }

  return {
    name: `${service}.relay`,
    pollMs,
    async work() {
      const own = await leading()
      if (!own) return undefined
      const rows = await own.query<OutboxRow>(
        `select id, topic, key, headers, value
           from (select *, sum(octet_length(value)) over (order by id rows between unbounded preceding and 1 preceding) as bytes_before
                   from ${service}.outbox where published_at is null order by id limit $1) as next
          where coalesce(bytes_before, 0) < $2 order by id`,
        [batchSize, batchBytes],
      )
      if (rows.length === 0) return undefined
      await bus.publish(rows)
      await point('relay.published')
      await database.execute(`update ${service}.outbox set published_at = now() where id = any($1)`, [
        rows.map(({ id }) => id),
      ])
      log.debug({ messages: rows.length }, 'published')
      return 0
    },
    async stop() {
      await session?.close()
    },
  }
}
