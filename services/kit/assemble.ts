/** Puts one service together: what it is built with, and what of it is started and stopped. */
import type { Bus, RawMessage, Subscription } from './bus/bus.ts'
import { makeSubscription } from './bus/consumer.ts'
import { type ReceivedEvent, receive } from './bus/events.ts'
import { makeOutbox, origin } from './bus/outbox.ts'
import { makeRelay } from './bus/relay.ts'
import { makeOutboxPruning } from './bus/retention.ts'
import { messageOf } from './errors.ts'
import type { Lifecycle } from './lifecycle.ts'
import { makeLoop } from './loop.ts'
import type { EventConsumer, Kit, RawConsumer, ServiceDefinition, ServiceParts } from './service.ts'
import type { Transaction } from './store/database.ts'

const relayPollMs = 1_000

export interface Assembled {
  readonly parts: ServiceParts
  addTo(lifecycle: Lifecycle): void
}

export async function assemble(
  definition: ServiceDefinition,
  shared: Omit<Kit, 'outbox' | 'origin' | 'loop' | 'point'>,
  bus: Bus,
): Promise<Assembled> {
  const { clock, random, log, database, environment } = shared
  const service = definition.name
  const point = makePoint(environment.crashAt)
  const relayWork = makeRelay({ service, database, bus, log, point, pollMs: relayPollMs })
  const relay = makeLoop(relayWork, clock, log)
  const pruning = makeLoop(makeOutboxPruning(database, service), clock, log)
  const outbox = makeOutbox({ service, clock, random, wake: () => relay.wake() })
  const kit: Kit = {
    ...shared,
    outbox,
    point,
    origin: (traceparent) => origin(random, traceparent),
    loop: (name, pollMs, work) => makeLoop({ name, pollMs, work }, clock, log),
  }
  const parts = await definition.build(kit)
  const subscriptions = (parts.consumers ?? []).map((consumer) =>
    makeSubscription({
      service,
      group: consumer.group,
      topics: consumer.topics,
      from: consumer.kind === 'raw' ? consumer.from : 'beginning',
      database,
      outbox,
      clock,
      log,
      point,
      handle: handlerOf(consumer, kit),
    }),
  )

  return {
    parts,
    addTo(lifecycle) {
      if (parts.start || parts.stop)
        lifecycle.add({
          name: service,
          ...(parts.start && { start: () => parts.start?.() }),
          ...(parts.stop && { stop: () => parts.stop?.() }),
        })
      lifecycle.add({
        name: relay.name,
        start: () => relay.start(),
        async stop() {
          await relay.stop()
          await relayWork.stop()
        },
      })
      for (const loop of [pruning, ...(parts.loops ?? [])]) lifecycle.add(loop)
      for (const subscription of subscriptions) lifecycle.add(subscribed(bus, subscription))
    },
  }
}

function subscribed(bus: Bus, subscription: Subscription) {
  let running: { stop(): Promise<void> } | undefined
  return {
    name: subscription.group,
    async start() {
      running = await bus.subscribe(subscription)
    },
    async stop() {
      await running?.stop()
    },
  }
}

/** Decodes one by one: what cannot be decoded is buried at once, and the rest of the batch goes on. */
export function handlerOf(consumer: EventConsumer | RawConsumer, kit: Pick<Kit, 'outbox' | 'log'>) {
  return async (transaction: Transaction, messages: readonly RawMessage[]): Promise<void> => {
    if (consumer.kind === 'raw') return consumer.handle(transaction, messages)
    const { group } = consumer
    const events: ReceivedEvent[] = []
    const letters = []
    for (const message of messages) {
      try {
        events.push(receive(message))
      } catch (error) {
        const reason = messageOf(error)
        kit.log.error({ topic: message.topic, offset: message.offset, group, reason }, 'an event cannot be decoded')
        letters.push({ ...message, group, reason })
      }
    }
    await kit.outbox.deadLetter(transaction, letters)
    if (events.length > 0) await consumer.handle(transaction, events)
  }
}

function makePoint(crashAt: string | undefined): Kit['point'] {
  if (crashAt === undefined) return async () => {}
  return async (name) => {
    if (name === crashAt) process.kill(process.pid, 'SIGKILL')
  }
}
