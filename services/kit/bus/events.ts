import type { EventName } from '../../../schemas/catalogue.ts'
import { fromHeaders } from '../../../schemas/cloudevents-kafka.ts'
import type { Codec, NamedEvent } from '../../../schemas/codec.ts'
import { malformed } from '../errors.ts'
import type { RawMessage } from './bus.ts'
import type { Cause } from './outbox.ts'

interface EventFacts {
  readonly id: string
  readonly source: string
  readonly time: Date
  /** Id of the event that it followed from. */
  readonly causationId: string
  /** What to name as the cause of whatever follows from this event. */
  readonly cause: Cause
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** An event as a handler sees it: a union over the names, so that a switch on `name` tells the type of `data`. */
export type ReceivedEvent<N extends EventName = EventName> = EventFacts & Extract<NamedEvent, { name: N }>

/** @throws when the message is none of ours, or its bytes are not what its type says */
export function receive(message: RawMessage, codec: Codec): ReceivedEvent {
  const attributes = fromHeaders(message.headers)
  if (message.value === null) throw malformed(`the event ${attributes.id} has no data`)
  const { topic, partition, offset } = message
  return {
    id: attributes.id,
    source: attributes.source,
    time: attributes.time,
    causationId: attributes.causationId,
    cause: { id: attributes.id, correlationId: attributes.correlationId, traceparent: attributes.traceparent },
    topic,
    partition,
    offset,
    ...codec.decode(attributes.type, message.value),
  }
}
