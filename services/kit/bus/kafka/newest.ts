/** The newest of many messages, of which only so many, and so many bytes, are held while they come in. Pure. */
import { tooLarge } from '../../errors.ts'
import type { IfNotAll, RawMessage } from '../bus.ts'
import { bytesOf } from './messages.ts'

const mebibyte = 1024 * 1024
const mostBytes = 256 * mebibyte
/** To sort them for each that comes would take too long. */
const slack = 1.25

export interface Newest {
  /** @throws tooLarge where there is more than is held at once, and fewer are not asked for */
  add(message: RawMessage): void
  /** Oldest first by their time. */
  all(): RawMessage[]
}

export interface NewestOptions {
  readonly topic: string
  readonly count: number
  readonly ifNotAll: IfNotAll
  readonly limitBytes?: number
}

export function newestOf({ topic, count, ifNotAll, limitBytes = mostBytes }: NewestOptions): Newest {
  let held: RawMessage[] = []
  let bytes = 0

  function drop(message: RawMessage | undefined): void {
    if (message) bytes -= bytesOf(message)
  }

  function narrow(): void {
    held.sort((one, other) => one.timestamp.getTime() - other.timestamp.getTime() || one.offset - other.offset)
    for (const older of held.splice(0, Math.max(0, held.length - count))) drop(older)
    if (bytes <= limitBytes) return
    if (ifNotAll === 'fail')
      throw tooLarge(
        `the newest ${count} messages of ${topic} have more than the ${limitBytes / mebibyte} MiB that are held at once`,
      )
    let first = 0
    for (; bytes > limitBytes && first < held.length; first += 1) drop(held[first])
    held = held.slice(first)
  }

  return {
    add(message) {
      held.push(copied(message))
      bytes += bytesOf(message)
      if (held.length > 2 * count || bytes > slack * limitBytes) narrow()
    },
    all() {
      narrow()
      return held
    },
  }
}

/** kafkajs gives parts of the answer that they came in, which one of them would keep as a whole. */
function copied(message: RawMessage): RawMessage {
  const { key, value } = message
  return { ...message, key: key && Buffer.from(key), value: value && Buffer.from(value) }
}
