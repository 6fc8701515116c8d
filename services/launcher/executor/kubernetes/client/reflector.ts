/**
 * A copy of the objects of one kind, kept fresh by a list and a watch that goes on from it (D7: it only says where to look).
 *
 *     list ─▶ watch from its version ─▶ … ─ cut, silent, ended ─▶ watch from the last version heard
 *       ▲                                 └ version gone, or long since the last list ─┐
 *       └──────────────────────────────────────────────────────────────────────────────┘
 *
 * Invariants:
 * - it goes on for ever: nothing that the cluster does or `changed` throws ends it, only the signal;
 * - what happened while nothing was heard is said: by the watch that goes on, or as the difference between two lists;
 * - between failures it waits a random time that grows, so that launchers do not come back all at once.
 */
import type { Clock } from '../../../../kit/clock.ts'
import { messageOf } from '../../../../kit/errors.ts'
import type { Logger } from '../../../../kit/log.ts'
import type { Random } from '../../../../kit/random.ts'
import type { Watching } from './cluster.ts'
import { failureOf } from './failures.ts'

/** What this needs to know of an object. */
export interface Named {
  readonly metadata?: { readonly name?: string; readonly resourceVersion?: string }
}

export type Change<T> = { kind: 'there' | 'deleted'; object: T } | { kind: 'bookmark'; version: string }

export interface Source<T> {
  list(): Promise<{ items: T[]; version: string }>
  /** Resolves when the server has begun to tell. Ends by itself after `lastMs`, and throws when it is cut or falls silent. */
  watch(version: string, lastMs: number, signal: AbortSignal): Promise<AsyncIterable<Change<T>>>
}

export interface ReflectorTimings {
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /** A watch that lasted as long has shown that all is well. */
  readonly steadyMs: number
  /** How long a watch lasts: a random time between the two, so that not all begin anew together. */
  readonly shortestWatchMs: number
  readonly longestWatchMs: number
  /** After so long everything is listed once more, should ever a change have been missed. */
  readonly relistMs: number
}

export const reflectorTimings: ReflectorTimings = {
  firstPauseMs: 500,
  longestPauseMs: 30_000,
  steadyMs: 5_000,
  shortestWatchMs: 240_000,
  longestWatchMs: 480_000,
  relistMs: 15 * 60_000,
}

export interface ReflectorOptions<T> {
  /** What is watched, for the log: `Jobs`. */
  readonly what: string
  readonly source: Source<T>
  readonly changed: (object: T) => void
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly timings: ReflectorTimings
}

export interface Reflector<T> extends Watching<T> {
  /** Resolves when it has ended, after the signal. */
  readonly ended: Promise<void>
}

export function reflect<T extends Named>(options: ReflectorOptions<T>): Reflector<T> {
  const { what, source, signal, clock, random, log, timings } = options
  let objects = new Map<string, T>()
  let version: string | undefined
  let listedAtMs = 0
  let current = false
  let failures = 0
  const synced = Promise.withResolvers<void>()

  function say(object: T): void {
    // Also what a handler throws later, when it is asynchronous, must not end the process.
    Promise.try(options.changed, object).catch((error: unknown) => {
      log.error({ watch: what, object: nameOf(object), error: messageOf(error) }, 'a change could not be handled')
    })
  }

  async function relist(): Promise<string> {
    const startMs = clock.monotonicMs()
    const listed = await source.list()
    const before = objects
    objects = new Map(listed.items.map((item) => [nameOf(item), item]))
    version = listed.version
    listedAtMs = startMs
    synced.resolve()
    for (const [name, object] of before) if (!objects.has(name)) say(object)
    for (const [name, object] of objects) if (versionOf(before.get(name)) !== versionOf(object)) say(object)
    return version
  }

  function take(change: Change<T>): void {
    if (change.kind === 'bookmark') {
      version = change.version
      return
    }
    const { kind, object } = change
    if (kind === 'there') objects.set(nameOf(object), object)
    else objects.delete(nameOf(object))
    version = versionOf(object)
    say(object)
  }

  /** Whether all was well: the server told something, or kept the watch open for long enough. */
  async function follow(from: string): Promise<boolean> {
    const lastMs = timings.shortestWatchMs + random.fraction() * (timings.longestWatchMs - timings.shortestWatchMs)
    const changes = await source.watch(from, lastMs, signal)
    if (failures > 0) log.info({ watch: what }, 'the watch goes on')
    current = true
    const openedMs = clock.monotonicMs()
    let heard = false
    const well = (): boolean => heard || clock.monotonicMs() - openedMs >= timings.steadyMs
    try {
      for await (const change of changes) {
        heard = true
        take(change)
      }
    } finally {
      if (well()) failures = 0
    }
    return well()
  }

  /** How long to wait before going on. */
  async function once(): Promise<number> {
    try {
      const stale = clock.monotonicMs() - listedAtMs > timings.relistMs
      const well = await follow(version === undefined || stale ? await relist() : version)
      // A server that ends every watch at once would be asked without end.
      return well ? 0 : pauseMs(++failures)
    } catch (error) {
      if (signal.aborted) return 0
      current = false
      const failure = failureOf(error)
      // Where we were is no longer known there, or what came made no sense: begin anew.
      if (failure === undefined || failure.kind === 'gone') version = undefined
      if (failure?.kind === 'gone')
        log.info({ watch: what }, 'the cluster has forgotten where the watch was; all is listed anew')
      else if (failures === 0)
        log.warn({ watch: what, error: messageOf(error) }, 'the watch was cut; it goes on by itself')
      const askedMs = failure?.kind === 'throttled' ? (failure.retryAfterMs ?? 0) : 0
      return Math.max(askedMs, pauseMs(++failures))
    }
  }

  function pauseMs(count: number): number {
    return random.fraction() * Math.min(timings.longestPauseMs, timings.firstPauseMs * 2 ** (count - 1))
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await once()
      if (waitMs > 0) await clock.sleep(waitMs, signal)
    }
    current = false
    synced.resolve()
  }

  return {
    get: (name) => objects.get(name),
    all: () => [...objects.values()],
    synced: synced.promise,
    isCurrent: () => current,
    ended: run(),
  }
}

function nameOf(object: Named): string {
  return object.metadata?.name ?? ''
}

function versionOf(object: Named | undefined): string | undefined {
  return object?.metadata?.resourceVersion
}
