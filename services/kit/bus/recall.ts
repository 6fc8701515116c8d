import { catalogue, type EventName, typeOf } from '../../../schemas/catalogue.ts'
import { fromHeaders } from '../../../schemas/cloudevents-kafka.ts'
import type { Codec } from '../../../schemas/codec.ts'
import type { Bus, RawMessage } from './bus.ts'
import { type ReceivedEvent, receive } from './events.ts'

/**
 * What was said on the bus, and the database does not know: nothing, unless the database was restored from a backup that
 * is older than the bus. Whoever gives out numbers hears it before the next one: others have seen those that were
 * forgotten, and would take them for old news.
 * @param unknown of these events, in order, those that the database does not know
 */
export type Recall = <N extends EventName>(
  name: N,
  unknown: (events: readonly ReceivedEvent<N>[]) => Promise<readonly ReceivedEvent<N>[]>,
) => Promise<readonly ReceivedEvent<N>[]>

const firstCount = 200
const growth = 10
/** Their bytes are held at once. */
const mostMessages = 200_000

export function makeRecall(bus: Pick<Bus, 'peek'>, codec: Codec): Recall {
  return async (name, unknown) => {
    for (let count = firstCount; ; count *= growth) {
      const messages = await bus.peek(catalogue[name].topic, count)
      const events = messages.flatMap((message) => eventOf(name, message, codec))
      const forgotten = await unknown(events)
      // Clocks differ a little, and so does the order of what several replicas say: half of it has to be known. Where other
      // news lies on the topic, too, there may be none of it so far.
      const older = new Set(events.slice(0, Math.ceil(events.length / 2)))
      const isEnough = older.size > 0 && !forgotten.some((event) => older.has(event))
      if (messages.length < count || count >= mostMessages || isEnough) return forgotten
    }
  }
}

/** What else lies there, or cannot be read, is nobody's number. */
function eventOf<N extends EventName>(name: N, message: RawMessage, codec: Codec): ReceivedEvent<N>[] {
  try {
    if (fromHeaders(message.headers).type !== typeOf(name)) return []
    const event: ReceivedEvent = receive(message, codec)
    return isNamed(event, name) ? [event] : []
  } catch {
    return []
  }
}

function isNamed<N extends EventName>(event: ReceivedEvent, name: N): event is ReceivedEvent<N> {
  return event.name === name
}
