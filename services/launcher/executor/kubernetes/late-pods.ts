/**
 * Jobs that have no pod yet: a pod is there within moments, unless something is in its way, and nothing that is watched tells
 * of a pod that is refused.
 *
 *     awaited ─ its pod is late ─▶ asked about, with all that are late then ─▶ told, if it was refused ─▶ forgotten
 *
 * Invariants: there is one wait for all of them, since thousands of Jobs are made in a few seconds; and one question for all,
 * since where one pod is late many may be.
 */
import type { Clock } from '../../../kit/clock.ts'
import type { Cluster } from './client/cluster.ts'

/** Only then is it worth a question why. */
export const podWithinMs = 5_000
/** Times in the cluster's objects are whole seconds. */
const grainMs = 1_000

export interface LatePodsNeeds {
  readonly cluster: Pick<Cluster, 'listRefusals'>
  readonly clock: Clock
  readonly closing: AbortSignal
  /** Of these Jobs those that are there and have no pod, with their uids. */
  podless(names: readonly string[]): ReadonlyMap<string, string>
  /** Called with a Job whose pod is refused, or may be. */
  tell(name: string): void
}

export interface LatePods {
  /** From now on, unless it is awaited already. */
  await(name: string): void
}

export function makeLatePods({ cluster, clock, closing, podless, tell }: LatePodsNeeds): LatePods {
  /** In their order, and from when on each is late, by the monotonic clock. */
  const awaited = new Map<string, number>()

  async function awaitAll(): Promise<void> {
    for (;;) {
      const [firstMs] = awaited.values()
      if (firstMs === undefined) return
      await clock.sleep(Math.max(0, firstMs + grainMs - clock.monotonicMs()), closing)
      if (closing.aborted) return
      const nowMs = clock.monotonicMs()
      const late = [...awaited].flatMap(([name, lateMs]) => (lateMs <= nowMs ? [name] : []))
      await tellRefused(late)
      for (const name of late) awaited.delete(name)
    }
  }

  async function tellRefused(late: readonly string[]): Promise<void> {
    const jobs = podless(late)
    if (jobs.size === 0) return
    // Where that cannot be told, each is looked at.
    const refusals = await cluster.listRefusals().catch(() => undefined)
    const refused = refusals && new Set(refusals.map(({ involvedObject }) => involvedObject.uid))
    for (const [name, uid] of jobs) if (refused === undefined || refused.has(uid)) tell(name)
  }

  return {
    await(name) {
      if (awaited.has(name)) return
      awaited.set(name, clock.monotonicMs() + podWithinMs + grainMs)
      if (awaited.size === 1) void awaitAll()
    },
  }
}
