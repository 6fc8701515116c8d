/**
 * Takes signals in: each one into the ledger and to the request that it waits with, in the caller's transaction. What is
 * due at once goes on at once, in the same transaction.
 *
 * Invariants:
 * - a signal that is known already changes nothing;
 * - the keys' rows are locked, in one order, before anything of them is read.
 */
import { type Configuration, jobTypeOf } from '../../schemas/configuration.ts'
import { distinctKeys, nameOfKey, type RunId, type SignalId } from '../../schemas/words.ts'
import type { Occurrence } from '../kit/bus/outbox.ts'
import type { Kit } from '../kit/service.ts'
import type { Transaction } from '../kit/store/database.ts'
import { type Advance, digestsOf } from './advance.ts'
import { findSplits } from './dataset/stored.ts'
import { type KeyState, lockKeys } from './keys.ts'
import {
  type Debounce,
  fetchingRuns,
  gather,
  isDueAtOnce,
  type Request,
  storeWaiting,
  waitingRequests,
} from './requests.ts'
import type { DeadSignal, Signal } from './signal.ts'
import { knownSignals, type Standing, type StoredSignal, storeSignals } from './signals.ts'

export type Receive = (
  transaction: Transaction,
  signals: readonly Signal[],
  dead: readonly DeadSignal[],
) => Promise<ReadonlySet<SignalId>>

export type ReceiveParts = Pick<Kit, 'configuration' | 'random' | 'outbox' | 'point'> & {
  readonly advance: Advance
  /** Called after a commit that left something waiting. */
  readonly somethingDueIn: (milliseconds: number) => void
}

type Placed = { readonly signal: Signal; readonly standing: Standing }

/** Resolves to the ids of the signals that were not known before. */
export function makeReceive({ configuration, random, outbox, point, advance, somethingDueIn }: ReceiveParts): Receive {
  return async (transaction, givenSignals, givenDead) => {
    const signals = onceEach(givenSignals)
    const dead = onceEach(givenDead)
    const named = distinctKeys([...signals, ...dead.filter(hasBot)])
    // Asked together, and answered in this order: the second looks behind the lock.
    const [keys, requestsOf] = await Promise.all([lockKeys(transaction, named), waitingRequests(transaction, named)])
    const waiting = new Map(requestsOf.map((request) => [nameOfKey(request), request]))

    const newRun = () => `run-${random.id(10)}` as RunId
    let placed = place(signals, keys, waiting, new Map(), newRun)
    // A stale signal is coalesced into the request that those before it make; and those that are known make none.
    if (placed.some(isStale)) {
      const ids = signals.map(({ id }) => id)
      const [known, fetching] = await Promise.all([knownSignals(transaction, ids), fetchingRuns(transaction, named)])
      const unknown = signals.filter(({ id }) => !known.has(id))
      placed = place(unknown, keys, waiting, fetching, newRun)
    }
    const fresh = await storeSignals(transaction, [...placed.map(storedOf), ...dead.map(storedDead)])
    const freshlyPlaced = placed.filter(({ signal }) => fresh.has(signal.id))

    const requests = gatherAll(freshlyPlaced, waiting)
    const debounce = (request: Request) => debounceOf(configuration, request)
    // Asked together, since what is due at once needs both.
    const [stored, found] = await Promise.all([
      storeWaiting(transaction, requests, debounce),
      findSplits(
        transaction,
        requests
          .filter((request) => isDueAtOnce(request, debounce(request)))
          .flatMap(({ dataset }) => (dataset === undefined ? [] : digestsOf(dataset))),
      ),
    ])
    await outbox.append(transaction, [...endsOfStale(freshlyPlaced, fresh), ...endsOfDead(dead, fresh)])
    const due = stored.filter(({ dueInMs }) => dueInMs <= 0)
    await advance(
      transaction,
      due.map(({ request }) => request),
      keys,
      found,
    )

    await point('intake.signals.written')
    const earliestMs = Math.min(...stored.map(({ dueInMs }) => dueInMs).filter((milliseconds) => milliseconds > 0))
    if (Number.isFinite(earliestMs)) transaction.afterCommit(() => somethingDueIn(earliestMs))
    return new Set(fresh.keys())
  }
}

/** The same signal twice in one breath is one signal. */
function onceEach<T extends { readonly id: SignalId }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.id, item])).values()]
}

/** Pure: where each signal stands, given what came before it, in order. */
export function place(
  signals: readonly Signal[],
  keys: ReadonlyMap<string, KeyState>,
  waiting: ReadonlyMap<string, Request>,
  fetching: ReadonlyMap<string, RunId>,
  newRun: () => RunId,
): Placed[] {
  const runs = new Map([...waiting].map(([key, { run }]) => [key, run]))
  const highest = new Map<string, number>()
  return signals.map((signal) => {
    const key = nameOfKey(signal)
    const seen = highest.get(key) ?? keys.get(key)?.highestRevision
    if (signal.revision !== undefined && seen !== undefined && signal.revision < seen) {
      const run = runs.get(key) ?? fetching.get(key) ?? keys.get(key)?.newestRun
      const reason = `revision ${signal.revision} is stale: revision ${seen} of the bot came before it`
      return { signal, standing: { ended: 'coalesced', run, reason } }
    }
    if (signal.revision !== undefined) highest.set(key, signal.revision)
    const request = runs.get(key) ?? newRun()
    runs.set(key, request)
    return { signal, standing: { request } }
  })
}

function isStale({ standing }: Placed): boolean {
  return 'ended' in standing
}

function gatherAll(placed: readonly Placed[], waiting: ReadonlyMap<string, Request>): Request[] {
  const byRun = Map.groupBy(
    placed.filter(({ standing }) => 'request' in standing),
    ({ standing }) => ('request' in standing ? standing.request : undefined),
  )
  return [...byRun].flatMap(([run, [first, ...others]]) => {
    if (run === undefined || first === undefined) return []
    return [gather(waiting.get(nameOfKey(first.signal)), run, [first.signal, ...others.map(({ signal }) => signal)])]
  })
}

function debounceOf(configuration: Configuration, request: Request): Debounce {
  // A job type that is gone ends its signals, and there is nothing to wait for.
  return jobTypeOf(configuration, request.jobType)?.debounce ?? { quietSeconds: 0, maxWaitSeconds: 0 }
}

function storedOf({ signal, standing }: Placed): StoredSignal {
  return { ...signal, actor: signal.person?.actor, standing }
}

function storedDead(dead: DeadSignal): StoredSignal {
  const standing: Standing = { ended: 'deadLettered', run: undefined, reason: dead.reason }
  return { ...dead, revision: undefined, actor: undefined, standing }
}

type OfBot = { readonly [K in keyof DeadSignal]: NonNullable<DeadSignal[K]> }

function hasBot(dead: DeadSignal): dead is OfBot {
  return dead.bot !== undefined && dead.trigger !== undefined && dead.jobType !== undefined
}

function endsOfStale(placed: readonly Placed[], received: ReadonlyMap<SignalId, Date>): Occurrence[] {
  return placed.flatMap(({ signal, standing }): Occurrence[] => {
    if (!('ended' in standing)) return []
    const { ended: end, run = null, reason } = standing
    const { id, trigger, bot, jobType, cause } = signal
    const at = received.get(id)?.getTime() ?? 0
    const data = { signal: id, trigger, bot, jobType, end, run, reason, receivedAt: at, endedAt: at }
    return [{ name: 'signal.ended', data, cause: { ...cause, correlationId: run ?? cause.id } }]
  })
}

/** Without a bot there is no key to say it under; the dead letter itself is the news. */
function endsOfDead(dead: readonly DeadSignal[], received: ReadonlyMap<SignalId, Date>): Occurrence[] {
  return dead.filter(hasBot).flatMap(({ id, trigger, bot, jobType, reason, cause }): Occurrence[] => {
    const at = received.get(id)?.getTime()
    if (at === undefined) return []
    const data = {
      signal: id,
      trigger,
      bot,
      jobType,
      end: 'deadLettered' as const,
      run: null,
      reason,
      receivedAt: at,
      endedAt: at,
    }
    return [{ name: 'signal.ended', data, cause: { ...cause, correlationId: cause.id } }]
  })
}
