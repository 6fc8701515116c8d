/** The bus on Apache Kafka: what of kafkajs is used, and by whom. */
import type { Clock } from '../../clock.ts'
import type { Logger } from '../../log.ts'
import type { Bus, Subscription } from '../bus.ts'
import { begin } from './begin.ts'
import { makeConnect } from './connect.ts'
import { kafkaFailure } from './failures.ts'
import { makeLook } from './look.ts'
import { makeNames } from './names.ts'
import { peek } from './peek.ts'
import { makePublisher, publishLimitMs } from './publisher.ts'
import { renewed } from './renewed.ts'
import type { KafkaSettings } from './settings.ts'
import { startSubscription } from './subscriber.ts'
import { within } from './within.ts'

export interface KafkaBusOptions {
  readonly settings: KafkaSettings
  readonly clock: Clock
  readonly log: Logger
  /** After this long without a sign of life a member of a group is given up. */
  readonly sessionLimitMs?: number
  /** Ends the process: this is for a person to mend. */
  readonly fail: (error: unknown) => void
}

const adminLimitMs = 60_000
const closeLimitMs = 5_000
const beginLimitMs = 10_000

/** Nothing is connected before it is needed; a Kafka that is away is waited for by whoever needs it. */
export function openKafkaBus(options: KafkaBusOptions): Bus {
  const { settings, clock, log, fail, sessionLimitMs = 10_000 } = options
  const connect = makeConnect(settings, log)
  const names = makeNames(settings.prefix)
  const admin = renewed(() => connect((kafka) => kafka.admin()), clock, adminLimitMs)
  const look = makeLook(admin, names)
  const classify = (error: unknown) => kafkaFailure(error, settings)
  const publisher = makePublisher({ connect, names, clock, classify })
  const running = new Set<{ stop(): Promise<void> }>()

  /** What fails here is told, and tried again, by the subscription. */
  async function beginAtEnd(subscription: Subscription): Promise<void> {
    const options = { subscription, look, awaited: new Set<string>() }
    await Promise.allSettled(
      subscription.topics.map(async (topic) => (await look.exists(topic)) && (await begin(options, topic, 0))),
    )
  }

  return {
    publishLimitMs,
    publish: (messages) => publisher.publish(messages),

    async peek(topic, count, ifNotAll = 'fail') {
      try {
        return await peek({ connect, names, look, admin, clock }, { topic, count, ifNotAll })
      } catch (error) {
        throw classify(error)
      }
    },

    async subscribe(subscription) {
      if (subscription.from === 'end') await within(clock, beginLimitMs, beginAtEnd(subscription))
      const started = startSubscription(
        { connect, names, look, clock, log, sessionLimitMs, classify, fail },
        subscription,
      )
      running.add(started)
      return {
        async stop() {
          await started.stop()
          running.delete(started)
        },
      }
    },

    async close() {
      await Promise.all([...running].map((subscription) => subscription.stop()))
      await within(clock, closeLimitMs, Promise.allSettled([publisher.close(), admin.close()]))
    },
  }
}
