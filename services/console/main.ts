/** The console: the record of everything that happened, and the answers to what and why. */
import { type Topic, topicNames } from '../../schemas/catalogue.ts'
import { runServices } from '../kit/run.ts'
import type { EventConsumer, Kit, RawConsumer, ServiceDefinition } from '../kit/service.ts'
import { letterOf } from './dead-letters/letter.ts'
import { keepLetters } from './dead-letters/store.ts'
import { record } from './history.ts'
import { type ConsoleMetrics, makeMetrics } from './metrics.ts'
import { makeNews, type News } from './news.ts'
import { forgetOld } from './retention.ts'
import { botRoutes } from './routes/bots.ts'
import { deadLetterRoutes } from './routes/dead-letters.ts'
import { evaluationRoutes } from './routes/evaluations.ts'
import { runRoutes } from './routes/runs.ts'
import { schemaRoutes } from './routes/schemas.ts'
import { streamRoutes } from './routes/stream.ts'

const deadLetters: Topic = 'trainyard.dead-letters'
/** Not ours to record: what the platform says there is intake's to understand. */
const platformEvents: Topic = 'trainyard.events'
/** What people look at may be as old as that. */
const gatherMs = 100
const busyGatherMs = 500
const retentionPollMs = 10 * 60_000

export const console: ServiceDefinition = {
  name: 'console',
  migrations: new URL('./migrations/', import.meta.url),
  build(kit) {
    const news = makeNews(kit.clock)
    return {
      routes(app) {
        runRoutes(app, kit.database)
        botRoutes(app, kit.database)
        evaluationRoutes(app, kit)
        streamRoutes(app, kit, news)
        deadLetterRoutes(app, kit)
        // Where a registry gives the ids, the committed ones would mislead.
        if (kit.environment.schemaRegistryUrl === undefined) schemaRoutes(app)
      },
      consumers: [recorder(makeMetrics(kit.metrics, kit.database), news), letterKeeper],
      loops: [retention(kit)],
    }
  },
}

function recorder(metrics: ConsoleMetrics, news: News): EventConsumer {
  return {
    kind: 'events',
    group: 'console',
    topics: topicNames.filter((topic) => topic !== deadLetters && topic !== platformEvents),
    gatherMs,
    busyGatherMs,
    async handle(transaction, events) {
      const fresh = await record(transaction, events)
      transaction.afterCommit(() => {
        metrics.recorded(fresh.map(({ name }) => name))
        news.announce()
      })
    },
  }
}

const letterKeeper: RawConsumer = {
  kind: 'raw',
  group: 'console-dead-letters',
  topics: [deadLetters],
  from: 'beginning',
  prepare: async () => (transaction, messages) => keepLetters(transaction, messages.map(letterOf)),
}

function retention(kit: Pick<Kit, 'database' | 'environment' | 'loop'>) {
  return kit.loop('console.retention', retentionPollMs, async () => {
    const more = await kit.database.transaction((transaction) => forgetOld(transaction, kit.environment.historyDays))
    return more ? 0 : undefined
  })
}

if (import.meta.main) await runServices([console])
