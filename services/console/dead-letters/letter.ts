/** A dead letter as the console keeps it: a message that was not understood, its place, and why. Pure. */
import type { OutgoingMessage, RawMessage } from '../../kit/bus/bus.ts'
import type { Headers } from '../../kit/bus/headers.ts'
import { storable } from '../../kit/store/text.ts'

/** Headers with this prefix were added when the message was dead-lettered; all others are its own. */
const addedPrefix = 'dead-letter-'

export interface Letter {
  /** Its place among the dead letters, and since when it lies there: once the topic is made anew, another comes to that place. */
  readonly letterPartition: number
  readonly letterOffset: number
  readonly layAt: Date
  /** Its place where it came from, as far as it is known. */
  readonly topic: string | null
  readonly partition: number | null
  readonly offset: number | null
  /** The consumer group that could not handle it. */
  readonly group: string | null
  readonly key: Buffer | null
  readonly headers: Headers
  readonly value: Buffer | null
  readonly reason: string
  readonly deadLetteredAt: Date
}

/** Total: whatever lies in the topic of dead letters can be shown to a person. */
export function letterOf(message: RawMessage): Letter {
  const added = (name: string) => {
    const text = message.headers[`${addedPrefix}${name}`]
    return typeof text === 'string' && text !== '' ? storable(text) : null
  }
  return {
    letterPartition: message.partition,
    letterOffset: message.offset,
    layAt: message.timestamp,
    topic: added('topic'),
    partition: wholeOrNull(added('partition'), largestPartition),
    offset: wholeOrNull(added('offset'), Number.MAX_SAFE_INTEGER),
    group: added('group'),
    key: message.key,
    headers: ownHeaders(message.headers),
    value: message.value,
    reason: added('reason') ?? 'no reason was given',
    deadLetteredAt: timeOrNull(added('time')) ?? message.timestamp,
  }
}

const ownHeaders = (headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(addedPrefix)))

// Both as Kafka counts, and as PostgreSQL does.
const largestPartition = 2 ** 31 - 1

function wholeOrNull(text: string | null, largest: number): number | null {
  return text !== null && /^\d+$/.test(text) && Number(text) <= largest ? Number(text) : null
}

/** Of years with four digits, which everybody can read and write. */
function timeOrNull(text: string | null): Date | null {
  return text !== null && /^\d{4}-/.test(text) && !Number.isNaN(Date.parse(text)) ? new Date(text) : null
}

export type Replay = { readonly message: OutgoingMessage } | { readonly refusal: string }

/** The message as it first came, for the topic that it came from; or why it can't be sent there. */
export function replayOf(letter: Pick<Letter, 'topic' | 'key' | 'headers' | 'value'>): Replay {
  const { topic, key, headers, value } = letter
  if (topic === null) return { refusal: 'it does not say from which topic it came' }
  if (topic === 'trainyard.dead-letters') return { refusal: 'it came from the dead letters themselves' }
  return { message: { topic, key, headers, value } }
}
