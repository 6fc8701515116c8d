/** What makes a message without an id of its own the same one, however often it comes: where it lay when it first came. Pure. */
import type { RawMessage } from './bus.ts'

/** Added to a message that goes to the dead letters, and so to its replay: the place by which it is known. */
export const firstPlaceHeader = 'trainyard-first-place'

type Placed = Pick<RawMessage, 'topic' | 'partition' | 'offset' | 'timestamp' | 'headers'>

const placeInTopic = /^\d{1,10}\/\d{1,16}\/-?\d{1,16}$/

/**
 * Partition, offset and time in milliseconds: a topic that is deleted and made again gives its offsets out again. A header
 * is whatever its sender says: it counts within its topic alone, where its sender could claim any id of an event, too.
 */
export function firstPlace({ topic, partition, offset, timestamp, headers }: Placed): string {
  const said = headers[firstPlaceHeader]
  if (typeof said === 'string' && said.startsWith(`${topic}/`)) {
    const place = said.slice(topic.length + 1)
    if (placeInTopic.test(place)) return place
  }
  return `${partition}/${offset}/${timestamp.getTime()}`
}

export function firstPlaceHeaders(message: Placed): Record<string, string> {
  return { [firstPlaceHeader]: `${message.topic}/${firstPlace(message)}` }
}
