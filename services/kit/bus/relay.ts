/**
 * Carries a service's outbox to the bus, in order.
 *
 * States: waiting for the lock → waiting for what the relay before may still have under way → publishing → (lock lost) →
 * waiting.
 *
 * Invariants:
 * - one relay at a time per service, by an advisory lock on a connection of its own: when the connection goes, so does the
 *   lock. The rows are read on that very connection, so whoever has them to publish still holds the lock; and it goes
 *   from a process that is stopped, too, since PostgreSQL ends a session of which nothing is asked for too long. What had
 *   been read before such a stop is not published after it;
 * - rows are published in the order of their ids, and marked only after the bus has them; so a crash in between says
 *   something twice and never nothing, and consumers tell by natural keys;
 * - after a take-over the newest recent message of each compacted key is said again, in case the relay before was cut
 *   off between two keys and said an older one last; and so it is when a send of our own that failed can no longer take
 *   effect;
 * - a row that the bus will never take is set aside with its reason, and the others go on.
 */
import { topicNames, topics } from '../../../schemas/catalogue.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { Loop } from '../loop.ts'
import type { Database, Session } from '../store/database.ts'
import { type Bus, MessageRefused } from './bus.ts'
import {
  markPublished,
  mayBeMore,
  noteSending,
  type OutboxRow,
  readRecent,
  readUnpublished,
  sendingLeftMs,
  setAside,
} from './outbox-rows.ts'

export interface RelayOptions {
  readonly service: string
  readonly database: Database
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Logger
  readonly point: (name: string) => Promise<void>
  readonly pollMs: number
}

/** Beside a send, in which nothing is asked of the session: longer than any pause between two looks. */
const sessionIdleLimitMs = 30_000
/** Far less than that limit: what was read longer ago may be another relay's by now. */
const freshMs = 10_000
const recentMinutes = 10
const compactedTopics = topicNames.filter((topic) => topics[topic].cleanup === 'compact')

export function makeRelay(options: RelayOptions): Loop & { stop(): Promise<void> } {
  const { service, database, bus, clock, log, point, pollMs } = options
  /** Whether a successor may have to wait for what a relay that was cut off had under way. */
  const isNoted = bus.publishLimitMs > 0
  let session: Session | undefined
  let state: 'waiting' | 'locked' | 'leading' = 'waiting'
  /** By the monotonic clock: when a send of ours that failed can no longer take effect. */
  let doubtEndsMs: number | undefined

  async function open(): Promise<Session> {
    const opened = await database.session({
      idleLimitMs: sessionIdleLimitMs + bus.publishLimitMs,
      // A mark that PostgreSQL forgets when it crashes has what it marks said twice, as after a crash of ours.
      isLoose: true,
    })
    void opened.ended.then(() => {
      if (session !== opened) return
      session = undefined
      state = 'waiting'
    })
    session = opened
    return opened
  }

  /** The session that holds the lock; undefined while another relay does. */
  async function lock(): Promise<Session | undefined> {
    const own = session ?? (await open())
    if (state !== 'waiting') return own
    const rows = await own.query<{ locked: boolean }>(
      "select pg_try_advisory_lock(hashtext('trainyard.relay'), hashtext($1)) as locked",
      [service],
    )
    if (!rows[0]?.locked) return undefined
    if (session === own) state = 'locked'
    return own
  }

  /** That it may be under way is on record. False when one of the rows was set aside: then nothing is known of the others. */
  async function publish(own: Session, rows: readonly OutboxRow[]): Promise<boolean> {
    try {
      await bus.publish(rows)
      return true
    } catch (error) {
      if (isNoted) doubtEndsMs = clock.monotonicMs() + bus.publishLimitMs
      const refused = error instanceof MessageRefused ? rows[error.index] : undefined
      if (!(error instanceof MessageRefused) || !refused) throw error
      await setAside(own, service, refused.id, error.message)
      log.error(
        { topic: refused.topic, row: refused.id, reason: error.message },
        `a message is refused and set aside; to send it after all, clear refused_at of its row in ${service}.outbox`,
      )
      return false
    }
  }

  /**
   * What is read while this process is stopped is here before we hear that the session has ended; and another relay may have
   * said it since, and newer things. Asked once more, a session that is gone fails, where one that was only slow answers.
   */
  async function readAsOwn<T>(own: Session, read: () => Promise<T>): Promise<T> {
    const askedAtMs = clock.monotonicMs()
    const rows = await read()
    if (clock.monotonicMs() - askedAtMs > freshMs) await own.query('select')
    return rows
  }

  /** Milliseconds to wait until this relay may publish what is new; undefined: none. */
  async function takeLead(own: Session): Promise<number | undefined> {
    if (state === 'leading' && (doubtEndsMs === undefined || clock.monotonicMs() < doubtEndsMs)) return undefined
    const leftMs = state === 'locked' ? await sendingLeftMs(own, service, bus.publishLimitMs) : 0
    if (leftMs > 0) return leftMs
    const recent = await readAsOwn(own, () => readRecent(own, service, compactedTopics, recentMinutes))
    if (recent.length > 0) {
      if (isNoted) await noteSending(own, service)
      if (!(await publish(own, recent))) return 0
    }
    doubtEndsMs = undefined
    if (session === own) state = 'leading'
    return undefined
  }

  return {
    name: `${service}.relay`,
    pollMs,
    async work() {
      const own = await lock()
      if (!own) return undefined
      const waitMs = await takeLead(own)
      if (waitMs !== undefined) return waitMs
      const rows = await readAsOwn(own, () => readUnpublished(own, service, isNoted))
      if (rows.length === 0) return undefined
      if (!(await publish(own, rows))) return 0
      await point('relay.published')
      await markPublished(own, service, rows, doubtEndsMs === undefined)
      log.debug({ messages: rows.length }, 'published')
      // Whoever says something wakes this loop, also while it is at work.
      return mayBeMore(rows) ? 0 : undefined
    },
    async stop() {
      await session?.close()
    },
  }
}
