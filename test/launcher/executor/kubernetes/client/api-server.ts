/**
 * An API server with just enough in it to be cruel: a store of objects with a history, lists in pages, watches, and faults
 * of every kind. What a real one does is tested against a real one (test/cluster).
 */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { cleanup } from '../../../../harness/cleanup.ts'
import { temporaryFolder } from '../../../../runner/program.ts'
import type { Certificate } from './certificate.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

export interface Stored {
  metadata: {
    name?: string
    uid?: string
    resourceVersion?: string
    deletionTimestamp?: string | Date
    finalizers?: string[]
    labels?: object
  }
  spec?: unknown
  status?: unknown
  lastTimestamp?: string
  eventTime?: string
  series?: unknown
}

export type Fault =
  | { status: number; headers?: Record<string, string>; body?: unknown }
  /** Never answers. */
  | 'hang'
  /** Cuts the connection without having done anything. */
  | 'reset'
  /** Does it, and cuts the connection. */
  | 'lose'

export interface ApiServer {
  readonly url: string
  /** A kubeconfig file that leads here. */
  readonly kubeconfig: string
  readonly asked: Asked[]
  /** How many connections were made, and how many are open. */
  readonly connections: { made: number; open: number }
  /** How many watches are open. */
  watches(): number
  /** What is to go wrong; undefined: nothing. */
  fault: (asked: Asked) => Fault | undefined
  put(collection: Collection, object: Stored): void
  remove(collection: Collection, name: string): void
  /** What was before is forgotten: who goes on from there is told that it is gone. */
  compact(): void
  /** Tells all watches how far the history has come. */
  bookmark(): void
  /** Sends a line as it is to all watches. */
  say(line: string): void
  endWatches(): void
  resetWatches(): void
  /** The watches there are stay open and hear nothing any more. */
  muteWatches(): void
  /** Shows another certificate from now on, and gives up what was connected with the old one. */
  use(certificate: Certificate): void
  close(): Promise<void>
}

export type Collection = 'jobs' | 'pods' | 'events' | 'nodes'
type Change = { version: number; collection: Collection; type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: Stored }
type Watch = { collection: Collection; response: ServerResponse }

export async function startApiServer(t: TestContext, secure?: Certificate, port = 0): Promise<ApiServer> {
  const objects = new Map<string, Stored>()
  const history: Change[] = []
  const watches = new Set<Watch>()
  const sockets = new Set<Socket>()
  let version = 100
  let oldest = 0

  const key = (collection: Collection, name = ''): string => `${collection}/${name}`
  const tell = (watch: Watch, type: string, object: unknown): void => {
    watch.response.write(`${JSON.stringify({ type, object })}\n`)
  }

  function record(collection: Collection, type: Change['type'], object: Stored): Stored {
    version += 1
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    history.push({ version, collection, type, object: stored })
    for (const watch of watches) if (watch.collection === collection) tell(watch, type, stored)
    return stored
  }

  function put(collection: Collection, object: Stored): Stored {
    const name = key(collection, object.metadata.name)
    const before = objects.get(name)
    const uid = object.metadata.uid ?? before?.metadata.uid ?? randomUUID()
    const stored = record(collection, before ? 'MODIFIED' : 'ADDED', {
      ...object,
      metadata: { ...object.metadata, uid },
    })
    objects.set(name, stored)
    return stored
  }

  function remove(collection: Collection, name?: string): void {
    const object = objects.get(key(collection, name))
    if (!object) return
    objects.delete(key(collection, name))
    record(collection, 'DELETED', object)
  }

  function list(collection: Collection, query: URLSearchParams): unknown {
    const all = [...objects].filter(([name]) => name.startsWith(`${collection}/`)).map(([, object]) => object)
    const from = Number(query.get('continue') ?? 0)
    const to = from + Number(query.get('limit') ?? all.length)
    return {
      metadata: { resourceVersion: String(version), ...(to < all.length ? { continue: String(to) } : {}) },
      items: all.slice(from, to),
    }
  }

  function watch(collection: Collection, query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'))
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    const opened: Watch = { collection, response }
    if (from < oldest) {
      tell(opened, 'ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' })
      response.end()
      return
    }
    for (const change of history.filter((change) => change.collection === collection && change.version > from)) {
      tell(opened, change.type, change.object)
    }
    watches.add(opened)
    response.on('close', () => watches.delete(opened))
  }

  function answer(asked: Asked, response: ServerResponse): unknown {
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    const refuse = (code: number, reason: string): void =>
      reply(code, { kind: 'Status', code, reason, message: reason })
    const [, collection, name] = /\/(jobs|pods|events|nodes)(?:\/([^/]+))?$/.exec(asked.path) ?? []
    if (!isCollection(collection)) return refuse(404, 'NotFound')
    if (name === undefined) {
      if (asked.method === 'POST') {
        const object: Stored = JSON.parse(asked.body)
        if (objects.has(key(collection, object.metadata.name))) return refuse(409, 'AlreadyExists')
        return reply(201, put(collection, object))
      }
      if (asked.query.has('watch')) return watch(collection, asked.query, response)
      return reply(200, list(collection, asked.query))
    }
    const object = objects.get(key(collection, decodeURIComponent(name)))
    if (!object) return refuse(404, 'NotFound')
    if (asked.method === 'DELETE') {
      if (JSON.parse(asked.body).preconditions.uid !== object.metadata.uid) return refuse(409, 'Conflict')
      remove(collection, object.metadata.name)
    }
    if (asked.method === 'PATCH') {
      const changes: unknown = JSON.parse(asked.body)
      if (Array.isArray(changes)) {
        const isMeant = changes.every(({ op, path, value }) => {
          const there = (object.metadata as Record<string, unknown>)[path.replace('/metadata/', '')]
          return op === 'remove' || JSON.stringify(there) === JSON.stringify(value)
        })
        if (!isMeant) return refuse(422, 'Invalid')
        const { finalizers: _, ...metadata } = object.metadata
        put(collection, { ...object, metadata })
        return reply(200, object)
      }
      const { metadata } = changes as typeof object
      if (metadata.resourceVersion !== object.metadata.resourceVersion) return refuse(409, 'Conflict')
      put(collection, { ...object, metadata: { ...object.metadata, ...metadata } })
    }
    return reply(200, object)
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://server')
    let body = ''
    for await (const chunk of request) body += chunk
    const { method = '', headers } = request
    const asked: Asked = { method, path: pathname, query: searchParams, body, headers }
    server.asked.push(asked)
    const fault = server.fault(asked)
    if (fault === 'hang') return
    if (fault === 'reset') return void request.socket.destroy()
    if (fault === 'lose') {
      response.end = () => {
        request.socket.destroy()
        return response
      }
    } else if (fault !== undefined) {
      response.writeHead(fault.status, fault.headers)
      response.end(typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body ?? {}))
      return
    }
    answer(asked, response)
  }

  const heed = (request: IncomingMessage, response: ServerResponse): void => {
    // Whoever asked is gone: nothing is left to be said.
    handle(request, response).catch(() => request.socket.destroy())
  }
  const listener: Server = secure
    ? createSecureServer({ key: secure.key, cert: secure.certificate }, heed)
    : createServer(heed)
  listener.on('connection', (socket: Socket) => {
    server.connections.made += 1
    server.connections.open += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      server.connections.open -= 1
      sockets.delete(socket)
    })
  })
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve))
  const { port: ownPort } = listener.address() as AddressInfo
  const url = `${secure ? 'https' : 'http'}://127.0.0.1:${ownPort}`
  const each = (act: (watch: Watch) => void): void => [...watches].forEach(act)
  const drop = (act: (watch: Watch) => void): void => {
    each(act)
    watches.clear()
  }

  const server: ApiServer = {
    url,
    kubeconfig: await writeKubeconfig(await temporaryFolder(t), url, { 'insecure-skip-tls-verify': true }),
    asked: [],
    connections: { made: 0, open: 0 },
    watches: () => watches.size,
    fault: () => undefined,
    put: (collection, object) => void put(collection, object),
    remove,
    compact() {
      version += 1
      oldest = version
    },
    bookmark: () => each((watch) => tell(watch, 'BOOKMARK', { metadata: { resourceVersion: String(version) } })),
    say: (line) => each((watch) => watch.response.write(`${line}\n`)),
    endWatches: () => drop((watch) => watch.response.end()),
    resetWatches: () => drop((watch) => watch.response.socket?.destroy()),
    muteWatches: () => drop(() => {}),
    use({ key, certificate }) {
      if ('setSecureContext' in listener && typeof listener.setSecureContext === 'function') {
        listener.setSecureContext({ key, cert: certificate })
      }
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      const closed = new Promise((resolve) => listener.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  cleanup(t, () => server.close())
  return server
}

const isCollection = (name: string | undefined): name is Collection => name !== undefined

export async function writeKubeconfig(
  folder: string,
  server: string,
  trust: object,
  user: object = {},
): Promise<string> {
  const file = join(folder, 'kubeconfig')
  const config = {
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'me', namespace: 'ml' } }],
    clusters: [{ name: 'here', cluster: { server, ...trust } }],
    users: [{ name: 'me', user: { token: 'secret', ...user } }],
  }
  await writeFile(file, JSON.stringify(config))
  return file
}
