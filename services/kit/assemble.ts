/** Puts one service together: what it is built with, and what of it is started and stopped. */
import type { Codec } from '../../schemas/codec.ts'
import type { Bus, Subscription } from './bus/bus.ts'
import { type ConsumerOptions, makeSubscription } from './bus/consumer.ts'
import { handlingOf } from './bus/handling.ts'
import { makeOutbox, origin } from './bus/outbox.ts'
import { makeParkedLoop } from './bus/parked.ts'
import { makeRecall } from './bus/recall.ts'
import { makeRelay } from './bus/relay.ts'
import { makeOutboxPruning } from './bus/retention.ts'
import type { Lifecycle } from './lifecycle.ts'
import { makeLoop } from './loop.ts'
import type { Kit, ServiceDefinition, ServiceParts } from './service.ts'

const relayPollMs = 1_000

export interface Assembled {
  readonly parts: ServiceParts
  addTo(lifecycle: Lifecycle): void
}

export async function assemble(
  definition: ServiceDefinition,
  shared: Omit<Kit, 'outbox' | 'peek' | 'origin' | 'loop' | 'point'>,
  bus: Bus,
  codec: Codec,
): Promise<Assembled> {
  const { clock, random, log, database, environment } = shared
  const service = definition.name
  const point = makePoint(environment.crashAt)
  const relayWork = makeRelay({ service, database, bus, clock, log, point, pollMs: relayPollMs })
  const relay = makeLoop(relayWork, clock, log)
  const pruning = makeLoop(makeOutboxPruning(database, service), clock, log)
  const outbox = makeOutbox({ service, codec, clock, random, wake: () => relay.wake() })
  const kit: Kit = {
    ...shared,
    outbox,
    peek: (...asked) => bus.peek(...asked),
    point,
    origin: (traceparent) => origin(random, traceparent),
    loop: (name, pollMs, work) => makeLoop({ name, pollMs, work }, clock, log),
  }
  const parts = await definition.build(kit)
  await parts.recall?.(makeRecall(bus, codec))
  const consumers = (parts.consumers ?? []).map(
    (consumer): ConsumerOptions => ({
      service,
      group: consumer.group,
      topics: consumer.topics,
      from: consumer.kind === 'raw' ? consumer.from : 'beginning',
      gatherMs: consumer.kind === 'raw' ? 0 : (consumer.gatherMs ?? 0),
      busyGatherMs: consumer.kind === 'raw' ? undefined : consumer.busyGatherMs,
      database,
      outbox,
      clock,
      log,
      point,
      handling: handlingOf(consumer, { ...kit, codec }),
    }),
  )
  const parked = consumers.map((consumer) => makeLoop(makeParkedLoop(consumer), clock, log))

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
      for (const loop of [pruning, ...(parts.loops ?? []), ...parked]) lifecycle.add(loop)
      for (const consumer of consumers) lifecycle.add(subscribed(bus, makeSubscription(consumer)))
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

function makePoint(crashAt: string | undefined): Kit['point'] {
  if (crashAt === undefined) return async () => {}
  return async (name) => {
    if (name === crashAt) process.kill(process.pid, 'SIGKILL')
  }
}
