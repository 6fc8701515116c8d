/**
 * One subscription: keeps a member of its group in being until it is stopped.
 *
 * States: (no topic exists → look again) → in session → (it ends) → wait → in session … → stopped.
 *
 * Invariants:
 * - only topics that exist are subscribed to, since one that is missing would hold up the others; those are looked for;
 * - lanes outlast sessions, so what a handler has begun is over before its partition goes on (see `lane.ts`);
 * - what passes by itself is tried again for ever and told once; what somebody has to mend ends the process.
 */
import type { Clock } from '../../clock.ts'
import { messageOf, type TrainyardError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { backoffMs } from '../backoff.ts'
import type { Subscription } from '../bus.ts'
import { begin, holds } from './begin.ts'
import type { Connect } from './connect.ts'
import { type Lane, makeLane } from './lane.ts'
import type { Look } from './look.ts'
import type { Names } from './names.ts'
import { openSession } from './session.ts'
import { makeSighting, type Sighting } from './sighting.ts'
import { within } from './within.ts'

export interface SubscriberOptions {
  readonly connect: Connect
  readonly names: Names
  readonly look: Look
  readonly clock: Clock
  readonly log: Logger
  readonly sessionLimitMs: number
  readonly classify: (error: unknown) => TrainyardError
  readonly fail: (error: unknown) => void
}

const lookAgainMs = 5_000
/** Of ends in a row that nobody can explain. */
const mostFailures = 10
const stopLimitMs = 10_000

export function startSubscription(options: SubscriberOptions, subscription: Subscription): { stop(): Promise<void> } {
  const { connect, names, look, clock, sessionLimitMs, classify, fail } = options
  const { group } = subscription
  const log = options.log.child({ group })
  const stopping = new AbortController()
  const lanes = new Map<string, Lane>()
  const sightings = new Map<string, Sighting>()
  const awaited = new Set<string>()
  const missing = new Set<string>()
  const stuck = new Set<string>()
  let failures = 0

  function laneOf(topic: string, partition: number): Lane {
    const place = `${topic}/${partition}`
    const known = lanes.get(place)
    if (known) return known
    const sighting = sightings.get(topic) ?? makeSighting()
    sightings.set(topic, sighting)
    const lane = makeLane({
      clock,
      sighting,
      begin: () => begin({ subscription, look, awaited }, topic, partition),
      handle: (batch) => subscription.handle(batch),
      holds: (position) => holds(look, topic, partition, position),
      lost: fail,
      failed(error) {
        // Once an outage, not once a try and partition.
        if (stuck.size === 0)
          log.warn({ topic, partition, error: messageOf(error) }, 'a batch waits and is tried again')
        stuck.add(place)
      },
      worked: () => stuck.delete(place),
    })
    lanes.set(place, lane)
    return lane
  }

  /** Those of our topics that are there, by Kafka's names for them. */
  async function existing(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    for (const topic of subscription.topics) {
      if (await look.exists(topic)) {
        found.set(names.topic(topic), topic)
        missing.delete(topic)
      } else if (!missing.has(topic)) {
        log.warn({ topic: names.topic(topic) }, 'a topic does not exist; it is read as soon as it does')
        missing.add(topic)
      }
    }
    return found
  }

  /** Resolves when one of the missing topics has come, or on the signal. */
  async function moreTopics(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(lookAgainMs, signal)
      for (const topic of missing) {
        const isThere = await look.exists(topic).catch(() => undefined)
        if (isThere) return
        // Missing at two looks, it is no slip of a broker that has only just started.
        if (isThere === false) awaited.add(topic)
      }
    }
  }

  /** @throws what ended it, unless it was stopped or a topic has come */
  async function oneSession(): Promise<void> {
    const topics = await existing()
    const over = new AbortController()
    const more = moreTopics(AbortSignal.any([stopping.signal, over.signal]))
    if (topics.size === 0) return await more
    const session = openSession({
      connect,
      clock,
      log,
      sessionLimitMs,
      group: names.group(group, subscription.from),
      topics,
      lane: laneOf,
      rest: async (topic, partition) => subscription.rest?.(topic, partition),
      joined,
    })
    try {
      const end = await Promise.race([session.ended, more])
      if (end !== undefined) throw end
    } finally {
      over.abort()
      await session.close()
    }
  }

  function joined(): void {
    if (failures > 0) log.info('reads again')
    failures = 0
  }

  function failed(error: unknown): void {
    failures += 1
    const failure = classify(error)
    if (failure.retryable || (failure.code === 'broken' && failures < mostFailures)) {
      if (failures === 1) log.warn({ error: failure.message }, 'cannot read for now, and goes on trying')
      return
    }
    stopping.abort()
    fail(failure)
  }

  async function hold(): Promise<void> {
    while (!stopping.signal.aborted) {
      await oneSession().catch(failed)
      await clock.sleep(backoffMs(failures), stopping.signal)
    }
  }

  const done = hold()

  return {
    async stop() {
      stopping.abort()
      await done
      await within(clock, stopLimitMs, Promise.all([...lanes.values()].map((lane) => lane.idle())))
    },
  }
}
