/**
 * One set of connections to an API server, for calls and watches alike. client-node knows how to become somebody there
 * (kubeconfig, token files, certificates, exec plugins); the requests are ours, since its own open a connection each, know
 * no time limit, and leave out of a body what their models do not know.
 *
 * HTTP/1.1: when a connection has silently died, giving up the request gives up its connection, and the next has another.
 * All requests of an HTTP/2 session would go on into the void.
 */
import type { RequestOptions } from 'node:https'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import type { Clock } from '../../../../kit/clock.ts'
import { messageOf } from '../../../../kit/errors.ts'
import { makeTurns } from '../../../../kit/turns.ts'
import { type Answer, ask } from './answer.ts'
import type { Configured } from './configuration.ts'
import { isDistrust, KubernetesError, Refused } from './failures.ts'

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the server's address: `/apis/batch/v1/…`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  /** Of the body; JSON when not said. */
  readonly contentType?: string
  /** The only clock that a request has; it ends the body, too. */
  readonly signal: AbortSignal
}

export interface Connection {
  readonly server: string
  readonly namespace: string
  /** What the server's clock shows, to the second, as its answers tell: ours may be wrong, or be set while we run. */
  nowMs(): number
  /** The body of a 2xx answer, whole. Throws `Refused` with any other answer. */
  ask(request: ApiRequest): Promise<string>
  /** Like `ask`, with a body that comes by and by; it must be read to its end or destroyed. */
  send(request: ApiRequest): Promise<Dispatcher.ResponseData['body']>
  /** Ends whatever is in flight. */
  close(): Promise<void>
}

// An API server serves 400 reads and 200 writes at a time, for everybody.
const connections = 24
/** Two are held by watches. */
const callsAtOnce = connections - 2
const connectLimitMs = 10_000
// Load balancers give up idle connections after 60 s, API servers after 90 s, without a word to us.
const idleMs = 30_000

/** How often at most the configuration is read anew. */
const rereadMs = 1_000

export function connect(configure: () => Configured, clock: Clock): Connection {
  const { server, namespace, config: first } = configure()
  const { origin, pathname } = new URL(server)
  const below = pathname === '/' ? '' : pathname
  let config = first
  let readAtMs = clock.monotonicMs()
  let pool: { agent: Dispatcher; madeOf: string } | undefined
  let identifying: Promise<Identity> | undefined
  const retired = new Set<Dispatcher>()
  const inTurn = makeTurns(callsAtOnce, Number.POSITIVE_INFINITY)
  /** What its clock shows less what our monotonic one does. */
  let aheadMs = clock.now().getTime() - clock.monotonicMs()
  let closed = false

  function poolFor(tls: Tls): Dispatcher {
    const madeOf = JSON.stringify([tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized].map(String))
    if (pool?.madeOf === madeOf) return pool.agent
    // The certificates were renewed.
    if (pool) leave(pool.agent)
    pool = { madeOf, agent: makeAgent(tls, config.getCurrentCluster()?.proxyUrl) }
    return pool.agent
  }

  /** What is in flight on its connections ends there; for what follows there are others. */
  function leave(agent: Dispatcher): void {
    if (closed || pool?.agent !== agent) return
    pool = undefined
    retired.add(agent)
    const forget = () => retired.delete(agent)
    agent.close().then(forget, forget)
  }

  /**
   * What we are known by there, or know it by, is no longer so. A kubeconfig that holds certificates or a token is replaced
   * as a whole, and a program's answer is kept until its end, however early it was revoked.
   */
  function rereadConfiguration(): void {
    if (clock.monotonicMs() - readAtMs < rereadMs) return
    readAtMs = clock.monotonicMs()
    try {
      const now = configure()
      // Another cluster has other Jobs: that is for the next start.
      if (now.server === server && now.namespace === namespace) config = now.config
    } catch {
      // It is half written, or gone. What we had may still be good, and this is looked at again.
    }
  }

  async function identify(): Promise<Identity> {
    const options: RequestOptions = {}
    try {
      await config.applyToHTTPSOptions(options)
    } catch (error) {
      const message = `the credentials for ${server} cannot be had: ${messageOf(error)}`
      throw new KubernetesError({ kind: 'unauthorized', message }, error)
    }
    const said = Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value)])
    const basic = options.auth ? { authorization: `Basic ${Buffer.from(options.auth).toString('base64')}` } : {}
    return { headers: { ...basic, ...Object.fromEntries(said) }, tls: options }
  }

  /** Together for all who ask at the same time: it may start a program, and reads files that are renewed. */
  function identity(signal: AbortSignal): Promise<Identity> {
    identifying ??= withinTime(identify(), signal).finally(() => {
      identifying = undefined
    })
    return identifying
  }

  function readClock(headers: Answer['headers']): void {
    const toldMs = Date.parse(String(headers['date']))
    if (Number.isFinite(toldMs)) aheadMs = toldMs - clock.monotonicMs()
  }

  async function prepared({ method, path, query = {}, body, contentType = 'application/json', signal }: ApiRequest) {
    const { headers, tls } = await identity(signal)
    if (closed) throw new KubernetesError({ kind: 'unreachable', message: `the connection to ${server} is closed` })
    const said = Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    )
    const options: Dispatcher.RequestOptions = {
      origin,
      path: `${below}${path}${said.length > 0 ? `?${new URLSearchParams(said)}` : ''}`,
      method,
      headers: {
        ...headers,
        accept: 'application/json, */*',
        'user-agent': 'trainyard',
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }
    return { agent: poolFor(tls), options }
  }

  function lost(agent: Dispatcher, { signal }: ApiRequest, error: unknown): never {
    // The way there may have died silently, and with it all connections that wait for their next use.
    if (signal.aborted) leave(agent)
    if (isDistrust(error)) rereadConfiguration()
    throw error
  }

  function isTaken(status: number): boolean {
    if (status === 401) rereadConfiguration()
    return status >= 200 && status < 300
  }

  async function askNow(request: ApiRequest): Promise<string> {
    request.signal.throwIfAborted()
    const { agent, options } = await prepared(request)
    const answer = await ask(agent, options, request.signal, readClock).catch((error: unknown) =>
      lost(agent, request, error),
    )
    const { status, headers, body } = answer
    if (isTaken(status)) return body
    throw new Refused({ status, retryAfter: retryAfterOf(headers), body })
  }

  return {
    server,
    namespace,
    nowMs: () => clock.monotonicMs() + aheadMs,

    ask: (request) =>
      withinTime(
        inTurn(() => askNow(request)),
        request.signal,
      ),

    async send(asked) {
      const { agent, options } = await prepared(asked)
      const { signal } = asked
      const answer = await agent.request({ ...options, signal }).catch((error: unknown) => lost(agent, asked, error))
      readClock(answer.headers)
      if (isTaken(answer.statusCode)) return answer.body
      const retryAfter = retryAfterOf(answer.headers)
      throw new Refused({ status: answer.statusCode, retryAfter, body: await answer.body.text() })
    },

    async close() {
      closed = true
      await Promise.all([...retired, ...(pool ? [pool.agent] : [])].map((agent) => agent.destroy()))
    },
  }
}

const retryAfterOf = (headers: Answer['headers']): string | undefined => [headers['retry-after']].flat()[0]

type Tls = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>
type Identity = { headers: Record<string, string>; tls: Tls }

function makeAgent({ ca, cert, key, servername, rejectUnauthorized }: Tls, proxy: string | undefined): Dispatcher {
  const said = Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(
    ([, value]) => value !== undefined,
  )
  const tls = { ...Object.fromEntries(said), timeout: connectLimitMs }
  const options = {
    connections,
    allowH2: false,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    // A watch may be silent for long; every request has a clock of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
  }
  if (proxy) return new ProxyAgent({ ...options, uri: proxy, requestTls: tls })
  return new Agent({ ...options, connect: { ...tls, keepAlive: true, keepAliveInitialDelay: idleMs } })
}

async function withinTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>()
  const end = (): void => late.reject(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  // Not thrown: the work has begun, and what becomes of it must be heard.
  if (signal.aborted) end()
  try {
    return await Promise.race([work, late.promise])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
