import { topicNames, topics } from '../../../schemas/catalogue.ts'
import type { Loop } from '../loop.ts'
import type { Database } from '../store/database.ts'

const everyMs = 60_000
const rowsAtOnce = 10_000
const compacted = topicNames.filter((topic) => topics[topic].cleanup === 'compact')

/** Keeps the embedded log in bounds as Kafka would: by time, or the newest of each key where a topic is compacted. */
export function makeLogPruning(database: Database, retentionDays: number): Loop {
  return {
    name: 'bus.pruning',
    pollMs: everyMs,
    async work() {
      const old = await database.execute(
        `delete from bus.messages where (topic, "offset") in (
           select topic, "offset" from bus.messages
            where topic <> all($1) and published_at < now() - make_interval(days => $2) limit $3)`,
        [compacted, retentionDays, rowsAtOnce],
      )
      const replaced = await database.execute(
        `delete from bus.messages where (topic, "offset") in (
           select older.topic, older."offset" from bus.messages older
            where older.topic = any($1) and exists (
              select from bus.messages newer where newer.topic = older.topic and newer.key = older.key and newer."offset" > older."offset")
            limit $2)`,
        [compacted, rowsAtOnce],
      )
      return old === rowsAtOnce || replaced === rowsAtOnce ? 0 : undefined
    },
  }
}
