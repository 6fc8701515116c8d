import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from './client.ts'
import type { ApiObject, List } from './objects.ts'

export interface Follower<T> {
  /** There, or not as it was. */
  readonly changed: (object: T) => void
  readonly gone: (object: T) => void
}

export interface Following {
  /** Hears nothing until it is resumed, and then of all that is not as it was. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: T
}

/** What a watch tells, until its stream ends. */
export async function* eventsOf<T>(stream: Readable): AsyncGenerator<WatchEvent<T>> {
  let rest = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as WatchEvent<T>
  }
}

/** Tells of every object of a collection, now and as it changes, however often the API server goes away meanwhile. */
export function follow<T extends ApiObject>(
  client: Client,
  path: string,
  query: Readonly<Record<string, string>>,
  { changed, gone }: Follower<T>,
): Following {
  const stopped = new AbortController()
  let paused = new AbortController()
  const known = new Map<string, T>()
  const asking = (more: Record<string, string> = {}) => `${path}?${new URLSearchParams({ ...query, ...more })}`

  async function list(): Promise<string> {
    const { items, metadata } = await client.get<List<T>>(asking())
    const present = new Set(items.map((item) => item.metadata.uid))
    for (const [uid, object] of known) if (!present.has(uid)) forget(object)
    for (const item of items) learn(item)
    return metadata.resourceVersion
  }

  function learn(object: T): void {
    const before = known.get(object.metadata.uid)
    known.set(object.metadata.uid, object)
    if (before?.metadata.resourceVersion !== object.metadata.resourceVersion) changed(object)
  }

  function forget(object: T): void {
    known.delete(object.metadata.uid)
    gone(object)
  }

  /** Until the server ends the watch, or says that it cannot go on from there. */
  async function watch(since: string): Promise<void> {
    const signal = AbortSignal.any([stopped.signal, paused.signal])
    const stream = await client.stream(asking({ watch: 'true', resourceVersion: since }), signal)
    for await (const { type, object } of eventsOf<T>(stream)) {
      if (type === 'ERROR') return
      if (type === 'DELETED') forget(object)
      else if (type !== 'BOOKMARK') learn(object)
    }
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        if (paused.signal.aborted) throw new Error('paused')
        await watch(await list())
      } catch {
        await delay(200, undefined, { signal: stopped.signal, ref: false }).catch(() => {})
      }
    }
  }

  const running = run()
  return {
    pause: () => paused.abort(),
    resume() {
      paused = new AbortController()
    },
    async stop() {
      stopped.abort()
      await running
    },
  }
}
