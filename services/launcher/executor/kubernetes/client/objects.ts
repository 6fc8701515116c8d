/** What can be done with objects of any kind: create, list, read and delete them, and watch. */
// Of client-node's models only this knows which texts are times; it is not among what the package says it exports.
import { ObjectSerializer } from '@kubernetes/client-node/dist/gen/models/ObjectSerializer.js'
import { z } from 'zod'
import type { Clock } from '../../../../kit/clock.ts'
import type { Logger } from '../../../../kit/log.ts'
import type { Random } from '../../../../kit/random.ts'
import type { Calls } from './calls.ts'
import type { ApiRequest, Connection } from './connect.ts'
import { unlessSilent, watchEvents } from './events.ts'
import { asFailure, failureOf, KubernetesError } from './failures.ts'
import { type Kept, pick, type SeenJob, type SeenPod } from './kept.ts'
import { type Change, type Named, type Reflector, type ReflectorTimings, reflect } from './reflector.ts'

/** A kind of objects of ours, or some of them. */
export interface Kind {
  /** In words: `Job`. */
  readonly one: string
  readonly many: string
  readonly path: string
  readonly model: 'V1Job' | 'V1Pod' | 'V1Node' | 'CoreV1Event'
  readonly kept: Kept
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface WatchTimings extends ReflectorTimings {
  /** A watch of which nothing is heard for so long is taken for dead. */
  readonly silenceMs: number
}

export interface ObjectsOptions {
  readonly connection: Connection
  readonly calls: Calls
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly timings: WatchTimings
  /** Ends what is watched. */
  readonly signal: AbortSignal
}

/** A page is some hundred kilobytes as text, and is held several times over until it is understood. */
const pageSize = 100

const Page = z.object({
  metadata: z.object({ resourceVersion: z.string().default(''), continue: z.string().optional() }),
  items: z.array(z.unknown()).nullable(),
})

/** What every object has: an answer without it is of something else than an API server. */
const Identified = z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) })

export function makeObjects({ connection, calls, clock, random, log, timings, signal: closing }: ObjectsOptions) {
  const at = (kind: Kind, name: string): string => `${kind.path}/${encodeURIComponent(name)}`
  const json = async (request: ApiRequest): Promise<unknown> => JSON.parse(await connection.ask(request))
  async function object(request: ApiRequest): Promise<unknown> {
    const answer = await json(request)
    Identified.parse(answer)
    return answer
  }

  async function list<T>(kind: Kind): Promise<{ items: T[]; version: string }> {
    const items: T[] = []
    let next: string | undefined
    for (;;) {
      const { path, labelSelector, fieldSelector } = kind
      const query = { limit: pageSize, continue: next, labelSelector, fieldSelector }
      const page = await calls.read(`list the ${kind.many}`, async (signal) =>
        Page.parse(await json({ method: 'GET', path, query, signal })),
      )
      for (const item of page.items ?? []) items.push(decode<T>(kind, item))
      next = page.metadata.continue || undefined
      if (next === undefined) return { items, version: page.metadata.resourceVersion }
    }
  }

  async function read<T>(kind: Kind, name: string): Promise<T | undefined> {
    try {
      const found = await calls.read(`read the ${kind.one} ${name}`, (signal) =>
        object({ method: 'GET', path: at(kind, name), signal }),
      )
      return decode<T>(kind, found)
    } catch (error) {
      if (failureOf(error)?.kind === 'absent') return undefined
      throw error
    }
  }

  async function create<T>(kind: Kind, name: string, body: object): Promise<T> {
    const query = { fieldValidation: 'Strict', fieldManager: 'trainyard' }
    const made = await calls.write(`create the ${kind.one} ${name}`, (signal) =>
      object({ method: 'POST', path: kind.path, query, body, signal }),
    )
    return decode<T>(kind, made)
  }

  /** By a list: of pods nothing else is needed, and so no right to get one. */
  async function find(kind: Kind, name: string): Promise<SeenJob | SeenPod | undefined> {
    const { items } = await list<SeenJob | SeenPod>({ ...kind, fieldSelector: `metadata.name=${name}` })
    return items.find(({ metadata }) => metadata?.name === name)
  }

  async function remove(kind: Kind, name: string, uid: string, how: object): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid }, ...how }
    try {
      await calls.write(`delete the ${kind.one} ${name}`, (signal) =>
        json({ method: 'DELETE', path: at(kind, name), body, signal }),
      )
    } catch (error) {
      const why = failureOf(error)?.kind
      if (why === 'absent') return
      // Another object has its name by now, so it is gone.
      if (why === 'conflict' && (await find(kind, name))?.metadata?.uid !== uid) return
      throw error
    }
  }

  function watch<T extends Named>(kind: Kind, changed: (object: T) => void): Reflector<T> {
    return reflect<T>({
      what: kind.many,
      source: {
        list: () => list<T>(kind),
        watch: (version, lastMs, signal) => follow<T>(kind, version, lastMs, signal),
      },
      changed,
      signal: closing,
      clock,
      random,
      log,
      timings,
    })
  }

  async function follow<T>(
    kind: Kind,
    version: string,
    lastMs: number,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Change<T>>> {
    const asked = { what: `watch the ${kind.many}`, changes: false }
    const quiet = new AbortController()
    const silent = (): void => {
      const message = `nothing was heard of the ${kind.many} for ${timings.silenceMs / 1_000} s`
      quiet.abort(new KubernetesError({ kind: 'unreachable', message }))
    }
    const opening = setTimeout(silent, timings.silenceMs)
    try {
      const body = await connection.send({
        method: 'GET',
        path: kind.path,
        query: {
          watch: true,
          resourceVersion: version,
          allowWatchBookmarks: true,
          timeoutSeconds: Math.ceil(lastMs / 1_000),
          labelSelector: kind.labelSelector,
        },
        signal: AbortSignal.any([signal, quiet.signal]),
      })
      return decoded(unlessSilent(body, timings.silenceMs, silent))
    } catch (error) {
      throw asFailure(error, asked)
    } finally {
      clearTimeout(opening)
    }

    async function* decoded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Change<T>> {
      try {
        for await (const event of watchEvents(chunks)) {
          yield event.kind === 'bookmark' ? event : { kind: event.kind, object: decode<T>(kind, event.object) }
        }
      } catch (error) {
        throw asFailure(error, asked)
      }
    }
  }

  return { at, json, create, list, read, remove, watch }
}

/** Times as `Date`, as the types say. */
function decode<T>({ model, kept }: Kind, object: unknown): T {
  return ObjectSerializer.deserialize(pick(object, kept), model, '')
}
