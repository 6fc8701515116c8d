/**
 * Events that come over the bus: the topics that triggers name, and Trainyard's own for the platform. The same translation
 * as for posted ones; what is not understood goes to the dead letters as it came.
 */
import type { RawMessage } from '../kit/bus/bus.ts'
import type { Handle, Handling } from '../kit/bus/consumer.ts'
import type { DeadLetter } from '../kit/bus/outbox.ts'
import { broken } from '../kit/errors.ts'
import type { Kit, RawConsumer } from '../kit/service.ts'
import type { Transaction } from '../kit/store/database.ts'
import { intakeGroup } from './events.ts'
import { makeRead, type Reading } from './reading.ts'
import type { Receive } from './receive.ts'
import { type DeadSignal, deadMessage, originOf, type Signal, type SignalOrigin } from './signal.ts'
import { isKnownType, platformTopic, reasonOf, type Translation, translate, unknownType } from './translate.ts'

type ConsumerParts = Pick<Kit, 'configuration' | 'outbox' | 'origin' | 'log' | 'readAvro'> & {
  readonly receive: Receive
}

/** One consumer per place to begin at, the first time; from then on each topic goes on where the group left it. */
export function platformConsumers(parts: ConsumerParts): RawConsumer[] {
  const { triggers } = parts.configuration
  const fromBeginning = new Set([
    platformTopic,
    ...triggers.filter(({ from }) => from === 'beginning').map(({ topic }) => topic),
  ])
  const fromEnd = new Set(triggers.map(({ topic }) => topic).filter((topic) => !fromBeginning.has(topic)))
  const handling = handlingWith(parts)
  return [
    { kind: 'raw' as const, group: intakeGroup, topics: [...fromBeginning], from: 'beginning' as const, ...handling },
    { kind: 'raw' as const, group: intakeGroup, topics: [...fromEnd], from: 'end' as const, ...handling },
  ].filter(({ topics }) => topics.length > 0)
}

function handlingWith(parts: ConsumerParts): Handling {
  const { configuration, outbox, origin, log, receive } = parts
  const read = makeRead(parts.readAvro, (type) => isKnownType(type, configuration.triggers))

  /** Reading may take the schema registry's answer. */
  async function prepare(messages: readonly RawMessage[]): Promise<Handle> {
    const readings = new Map<RawMessage, Reading>()
    for (const message of messages) readings.set(message, await read(message))
    return (transaction, left) => handle(transaction, left, readings)
  }

  async function handle(
    transaction: Transaction,
    messages: readonly RawMessage[],
    readings: ReadonlyMap<RawMessage, Reading>,
  ): Promise<void> {
    const signals: Signal[] = []
    const dead: DeadSignal[] = []
    const letters: DeadLetter[] = []
    for (const message of messages) {
      const understood = understand(message, readings.get(message))
      signals.push(...understood.signals)
      dead.push(...understood.dead)
      if (understood.dead.length === 0) continue
      const reason = reasonOf(understood.dead)
      log.warn({ topic: message.topic, offset: message.offset, reason }, 'a message is not understood')
      letters.push({ ...message, group: intakeGroup, reason })
    }
    if (signals.length + dead.length > 0) await receive(transaction, signals, dead)
    await outbox.deadLetter(transaction, letters)
  }

  function understand(message: RawMessage, reading: Reading | undefined): Translation {
    if (reading === undefined) throw broken(`message ${message.offset} of ${message.topic} was not read before`)
    if (reading.kind === 'nothing') return { signals: [], dead: [] }
    if (reading.kind === 'notUnderstood') return notTaken(originOf(message), reading.reason)
    const { event } = reading
    const { triggers } = configuration
    // On a topic of the platform's own, other events are none of our business; on ours, a type that nobody knows is a mistake.
    if (event.topic === platformTopic && !isKnownType(event.type, triggers))
      return notTaken(event.origin, unknownType(event.type, triggers))
    return translate(event, triggers, origin(event.traceparent).traceparent)
  }

  /** Received, and dead-lettered: so the ledger accounts for it. */
  function notTaken(known: SignalOrigin, reason: string): Translation {
    return { signals: [], dead: [deadMessage(known, reason, origin().traceparent)] }
  }

  const buried: Handling['buried'] = async (transaction, message, reason) => {
    const { signals, dead } = notTaken(originOf(message), reason)
    await receive(transaction, signals, dead)
  }

  return { prepare, buried }
}
