/** What has been said is kept for a while, and then goes: both here and where it was said. */
import { topicNames, topics } from '../../../schemas/catalogue.ts'
import type { Loop } from '../loop.ts'
import type { Database } from '../store/database.ts'
import { slowestPositions } from './positions.ts'

const everyMs = 60_000
const rowsAtOnce = 10_000
/** Published rows stay for the take-over of a relay, and for whoever looks into the table. */
const outboxMinutes = 60
const compacted = topicNames.filter((topic) => topics[topic].cleanup === 'compact')

/** Keeps a service's outbox in bounds. */
export function makeOutboxPruning(database: Database, service: string): Loop {
  return {
    name: `${service}.outbox.pruning`,
    pollMs: everyMs,
    async work() {
      const gone = await database.execute(
        `delete from ${service}.outbox where ctid = any (array (
           select ctid from ${service}.outbox where published_at < now() - make_interval(mins => $1)
            limit ${rowsAtOnce} for update skip locked))`,
        [outboxMinutes],
      )
      return gone === rowsAtOnce ? 0 : undefined
    },
  }
}

/**
 * Keeps the embedded log in bounds as Kafka would: by time, or the newest of each key where a topic is compacted. But what a
 * group has still to read stays: a machine that was off for longer than that has forgotten nothing. Messages lie in the
 * order of time, so of each topic only the oldest are looked at.
 */
export function makeLogPruning(database: Database, retentionDays: number): Loop {
  return {
    name: 'bus.pruning',
    pollMs: everyMs,
    async work() {
      const unread = await slowestPositions(database)
      const old = await database.execute(
        `delete from bus.messages where ctid = any (array (
           select oldest.ctid
             from bus.topics
             left join unnest($3::text[], $4::bigint[]) as unread (topic, "offset") using (topic)
            cross join lateral (
                    select ctid, published_at from bus.messages
                     where messages.topic = topics.topic and (unread."offset" is null or messages."offset" < unread."offset")
                     order by "offset" limit ${rowsAtOnce}) as oldest
            where topics.topic <> all($1) and oldest.published_at < now() - make_interval(days => $2)))`,
        [compacted, retentionDays, [...unread.keys()], [...unread.values()]],
      )
      const replaced = await database.execute(
        `delete from bus.messages where ctid = any (array (
           select older.ctid from bus.messages older
            where older.topic = any($1) and exists (
              select from bus.messages newer where newer.topic = older.topic and newer.key = older.key and newer."offset" > older."offset")
            limit ${rowsAtOnce}))`,
        [compacted],
      )
      return old >= rowsAtOnce || replaced >= rowsAtOnce ? 0 : undefined
    },
  }
}
