/**
 * Many small writes, few commits: while as many commits as may be are on their way, what arrives gathers and goes with the
 * next. Nobody waits for a timer; alone, an item commits at once.
 *
 * Invariants:
 * - an item resolves after the commit that holds it; those of one commit in the order in which they came;
 * - an item that makes a commit fail fails alone: the others of its group are committed one by one.
 */
import { classify, unavailable } from './errors.ts'

export type GroupCommitLimits = {
  /** Commits on their way at the same time. The database works on one while the next is put together. */
  readonly atOnce: number
  /** The most that goes into one commit, by weight. */
  readonly perCommit: number
  /** The most that may wait, by weight; beyond it callers are told to come again. */
  readonly waiting: number
}

type Entry<I, O> = {
  readonly item: I
  readonly weight: number
  readonly resolve: (outcome: O) => void
  readonly reject: (error: unknown) => void
}

export function groupCommit<I, O>(
  commit: (items: readonly I[]) => Promise<readonly O[]>,
  limits: GroupCommitLimits,
): (item: I, weight: number) => Promise<O> {
  const waiting: Entry<I, O>[] = []
  let waitingWeight = 0
  let running = 0

  function take(): Entry<I, O>[] {
    let weight = 0
    let count = 0
    for (const entry of waiting) {
      if (count > 0 && weight + entry.weight > limits.perCommit) break
      weight += entry.weight
      count += 1
    }
    waitingWeight -= weight
    return waiting.splice(0, count)
  }

  async function settle(entries: readonly Entry<I, O>[]): Promise<void> {
    try {
      const outcomes = await commit(entries.map(({ item }) => item))
      for (const [index, outcome] of outcomes.entries()) entries[index]?.resolve(outcome)
    } catch (error) {
      if (entries.length === 1 || classify(error).retryable) for (const entry of entries) entry.reject(error)
      else for (const entry of entries) await settle([entry])
    }
  }

  async function drain(): Promise<void> {
    running += 1
    while (waiting.length > 0) await settle(take())
    running -= 1
  }

  return (item, weight) => {
    if (waitingWeight + weight > limits.waiting && waiting.length > 0) {
      return Promise.reject(unavailable('too much is being written at once', { hint: 'Send it again in a moment.' }))
    }
    const { promise, resolve, reject } = Promise.withResolvers<O>()
    waiting.push({ item, weight, resolve, reject })
    waitingWeight += weight
    if (running < limits.atOnce) void drain()
    return promise
  }
}
