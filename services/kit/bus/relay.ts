/**
 * Carries a service's outbox to the bus, in order.
 *
 * States: waiting for the lock → publishing → (lock lost) → waiting.
 *
 * Invariants:
 * - one relay at a time per service, by an advisory lock on a connection of its own: when the connection goes, so does the lock;
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
/** Published rows stay this long, for the take-over and for whoever looks into the table. */
const keptMinutes = 60
const recentMinutes = 10
const pruneEveryMs = 60_000
const compactedTopics = topicNames.filter((topic) => topics[topic].cleanup === 'compact')

type OutboxRow = OutgoingMessage & { id: number }

export function makeRelay(options: RelayOptions): Loop & { stop(): Promise<void> } {
  const { service, database, bus, log, point, pollMs } = options
  let session: Session | undefined
  let prunedAtMs = 0

  async function holdLock(): Promise<boolean> {
    if (session) return true
    const candidate = await database.session()
    const rows = await candidate.query<{ locked: boolean }>(
      "select pg_try_advisory_lock(hashtext('trainyard.relay'), hashtext($1)) as locked",
      [service],
    )
    if (!rows[0]?.locked) {
      await candidate.close()
      return false
    }
    session = candidate
    void candidate.ended.then(() => {
      if (session === candidate) session = undefined
    })
    await repeatRecent()
    return true
  }

  async function repeatRecent(): Promise<void> {
    const rows = await database.query<OutboxRow>(
      `select distinct on (topic, key) id, topic, key, headers, value from ${service}.outbox
        where topic = any($1) and published_at > now() - make_interval(mins => $2) order by topic, key, id desc`,
      [compactedTopics, recentMinutes],
    )
    await bus.publish([...rows].sort((one, other) => one.id - other.id))
  }

  async function prune(): Promise<void> {
    if (performance.now() - prunedAtMs < pruneEveryMs) return
    prunedAtMs = performance.now()
    await database.execute(
      `delete from ${service}.outbox where id in (
         select id from ${service}.outbox where published_at < now() - make_interval(mins => $1) limit 10000)`,
      [keptMinutes],
    )
  }

  return {
    name: `${service}.relay`,
    pollMs,
    async work() {
      if (!(await holdLock())) return undefined
      const rows = await database.query<OutboxRow>(
        `select id, topic, key, headers, value from ${service}.outbox where published_at is null order by id limit $1`,
        [batchSize],
      )
      if (rows.length === 0) {
        await prune()
        return undefined
      }
      // The lock may have gone with its connection while we read; whoever has it now publishes these rows.
      if (!session) return 0
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
