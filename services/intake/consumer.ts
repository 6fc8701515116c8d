/**
 * Events that come over the bus: the topics that triggers name, and Trainyard's own for the platform. The same translation
 * as for posted ones; what is not understood goes to the dead letters as it came.
 */
import type { Trigger } from '../../schemas/configuration.ts'
import type { RawMessage } from '../kit/bus/bus.ts'
import type { DeadLetter } from '../kit/bus/outbox.ts'
import type { Kit, RawConsumer } from '../kit/service.ts'
import { intakeGroup } from './events.ts'
import type { Receive } from './receive.ts'
import type { DeadSignal, Signal } from './signal.ts'
import {
  isKnownType,
  platformTopic,
  readIncoming,
  reasonOf,
  type Translation,
  translate,
  unknownType,
} from './translate.ts'

type ConsumerParts = Pick<Kit, 'configuration' | 'outbox' | 'origin' | 'log'> & { readonly receive: Receive }

/** One consumer per place to begin at, the first time; from then on each topic goes on where the group left it. */
export function platformConsumers(parts: ConsumerParts): RawConsumer[] {
  const { triggers } = parts.configuration
  const fromBeginning = new Set([
    platformTopic,
    ...triggers.filter(({ from }) => from === 'beginning').map(({ topic }) => topic),
  ])
  const fromEnd = new Set(triggers.map(({ topic }) => topic).filter((topic) => !fromBeginning.has(topic)))
  const handle = handleWith(parts)
  return [
    { kind: 'raw' as const, group: intakeGroup, topics: [...fromBeginning], from: 'beginning' as const, handle },
    { kind: 'raw' as const, group: intakeGroup, topics: [...fromEnd], from: 'end' as const, handle },
  ].filter(({ topics }) => topics.length > 0)
}

function handleWith({ configuration, outbox, origin, log, receive }: ConsumerParts): RawConsumer['handle'] {
  return async (transaction, messages) => {
    const signals: Signal[] = []
    const dead: DeadSignal[] = []
    const letters: DeadLetter[] = []
    for (const message of messages) {
      const understood = understand(message)
      signals.push(...understood.signals)
      dead.push(...understood.dead)
      const reason = understood.problem ?? (understood.dead.length > 0 ? reasonOf(understood.dead) : undefined)
      if (reason === undefined) continue
      log.warn({ topic: message.topic, offset: message.offset, reason }, 'a message is not understood')
      letters.push({ ...message, group: intakeGroup, reason })
    }
    if (signals.length + dead.length > 0) await receive(transaction, signals, dead)
    await outbox.deadLetter(transaction, letters)
  }

  function understand(message: RawMessage): Translation & { problem?: string } {
    const reading = readIncoming(message)
    if (reading.kind === 'nothing') return { signals: [], dead: [] }
    if (reading.kind === 'notUnderstood') return { signals: [], dead: [], problem: reading.reason }
    const { event } = reading
    return {
      ...translate(event, configuration.triggers, origin(event.traceparent).traceparent),
      ...problemOf(event.topic, event.type, configuration.triggers),
    }
  }
}

/** On a topic of the platform's own, other events are none of our business; on ours, a type that nobody knows is a mistake. */
function problemOf(topic: string, type: unknown, triggers: readonly Trigger[]): { problem?: string } {
  if (topic !== platformTopic || isKnownType(type, triggers)) return {}
  return { problem: unknownType(type, triggers) }
}
