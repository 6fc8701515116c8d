/**
 * One partition of one subscription, for as long as the subscription lasts: gives the handler its batches one after
 * another, and knows where it goes on.
 *
 * States: unknown → (begin) → at an offset → (take) → at the next one | unknown.
 *
 * Invariants:
 * - nothing is asked or handled of a partition while something of it is being asked or handled, whatever the consumer
 *   group does meanwhile: a handler that is late finds its own record, and never that of its successor here;
 * - only what goes on where the record says is handled. kafkajs fetches from elsewhere when an offset is out of range, and
 *   from another log when a topic is made anew; then the lane begins again, and it is judged there. What is known of one
 *   lane of a topic tells of the others: a topic is deleted and made again as a whole.
 */
import type { Clock } from '../../clock.ts'
import { makeTurns } from '../../turns.ts'
import { backoffMs } from '../backoff.ts'
import type { Batch, Position } from '../bus.ts'
import type { Beginning } from './begin.ts'
import { type Sighting, soonMs } from './sighting.ts'

export interface LaneOptions {
  readonly clock: Clock
  /** Shared by the lanes of a topic. */
  readonly sighting: Sighting
  readonly begin: () => Promise<Beginning>
  readonly handle: (batch: Batch) => Promise<boolean>
  /** Whether the log still holds, before that position, what was handled. */
  readonly holds: (position: Position) => Promise<boolean>
  readonly lost: (error: Error) => void
  /** Told of every failure, and of every success. */
  readonly failed: (error: unknown) => void
  readonly worked: () => void
}

export interface Lane {
  /** Where to go on, asked until it is known; undefined when nobody waits for it any more, or it is lost. */
  begin(signal: AbortSignal): Promise<number | undefined>
  /** True: its effect is durable, and what follows it is next. False: begin again. Never rejects. */
  take(batch: Batch): Promise<boolean>
  /** Resolves when what was asked of it is over. */
  idle(): Promise<void>
}

/** Another consumer of the group is at it, or was: long enough for it to be done, or to have left. */
const letItMs = 500
/** A partition alone is another one only when its broker has lost it, and no broker is started again in less. */
const soonAloneMs = 1_000
/** What one transaction has to hold. */
const batchMessages = 500

export function makeLane(options: LaneOptions): Lane {
  const { clock, sighting, handle, failed, worked } = options
  const inTurn = makeTurns(1, Number.POSITIVE_INFINITY)
  let position: Position | undefined
  /** Whether something of it was handled before it began here. */
  let hasPast = false
  let failures = 0
  let waitMs = 0

  function forget(pauseMs: number): false {
    position = undefined
    waitMs = pauseMs
    return false
  }

  function fail(error: unknown): false {
    failures += 1
    failed(error)
    return forget(backoffMs(failures))
  }

  async function beginNow(signal: AbortSignal): Promise<number | undefined> {
    while (!signal.aborted) {
      await clock.sleep(waitMs, signal)
      waitMs = 0
      if (signal.aborted) break
      try {
        const beginning = await options.begin()
        if (beginning.kind === 'lost') {
          options.lost(beginning.error)
          return undefined
        }
        position = beginning.position
        hasPast = position.handledUntil !== undefined
        sighting.hasPast ||= hasPast
        return position.offset
      } catch (error) {
        fail(error)
      }
    }
    return undefined
  }

  async function takeNow(whole: Batch): Promise<boolean> {
    if (position === undefined) return false
    let next = position
    const parts = partsOf(whole, next.offset)
    try {
      for (const batch of parts) {
        if (!(await goesOn(batch, next))) return forget(letItMs)
        // Where nothing was handled before, nothing has told the log from another one.
        if (next.handledUntil && hasPast === sighting.hasPast)
          for (const { timestamp } of batch.messages) sighting.note(timestamp.getTime())
        if (!(await handle(batch))) return forget(letItMs)
        next = after(batch, next)
        position = next
      }
    } catch (error) {
      return fail(error)
    }
    // What lies wholly before the position was handled already, or is of another log: that is judged where it begins again.
    if (parts.length === 0 || next.offset !== whole.nextOffset) return forget(0)
    failures = 0
    worked()
    return true
  }

  /**
   * Offsets are left out by compaction and by the marks of transactions, and a pause may be just that: then the log holds
   * what it held. A log that was cut off or made anew does not.
   */
  async function goesOn({ messages: [first] }: Batch, next: Position): Promise<boolean> {
    if (first === undefined) return true
    return (first.offset === next.offset && isSoon(first.timestamp.getTime(), next)) || (await options.holds(next))
  }

  function isSoon(atMs: number, { handledUntil }: Position): boolean {
    if (handledUntil === undefined) return true
    const pauseMs = atMs - handledUntil.getTime()
    return pauseMs <= soonMs || (pauseMs <= soonAloneMs && sighting.covers(atMs))
  }

  return {
    begin: (signal) => inTurn(() => beginNow(signal)),
    take: (batch) => inTurn(() => takeNow(batch)),
    idle: () => inTurn(async () => {}),
  }
}

function after({ messages, nextOffset }: Batch, { handledUntil }: Position): Position {
  const times = messages.map(({ timestamp }) => timestamp.getTime())
  return { offset: nextOffset, handledUntil: new Date(Math.max(handledUntil?.getTime() ?? 0, ...times)) }
}

/** What of a batch lies at or behind the position, in parts that one transaction can hold. */
function partsOf(batch: Batch, position: number): Batch[] {
  const messages = batch.messages.filter(({ offset }) => offset >= position)
  const parts: Batch[] = []
  for (let start = 0; start < messages.length; start += batchMessages) {
    const end = start + batchMessages
    const nextOffset = messages[end]?.offset ?? batch.nextOffset
    parts.push({ ...batch, messages: messages.slice(start, end), nextOffset })
  }
  return parts
}
