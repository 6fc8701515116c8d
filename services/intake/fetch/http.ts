/**
 * Reads one dataset over HTTP without being led astray: each hop is checked against the allow-list, the address that the
 * name resolves to is checked and is the one connected to, and time is bounded: what the source takes of it, and not how long
 * its bytes wait here to be taken.
 */
import { lookup } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { isIP, type LookupFunction } from 'node:net'
import type { DatasetSource } from '../../../schemas/configuration.ts'
import { badInput, messageOf, TrainyardError, unavailable } from '../../kit/errors.ts'
import { reachOf } from './addresses.ts'
import { locate, shown } from './sources.ts'

export type WebLimits = { readonly redirects: number; readonly idleMs: number; readonly totalMs: number }

const webLimits: WebLimits = { redirects: 5, idleMs: 20_000, totalMs: 120_000 }

const redirectStatuses = new Set([301, 302, 303, 307, 308])
const retryableStatuses = new Set([408, 425, 429, 500, 502, 503, 504])

export async function* fetchWeb(
  uri: string,
  sources: readonly DatasetSource[],
  signal: AbortSignal,
  limits: WebLimits = webLimits,
): AsyncGenerator<Uint8Array> {
  const late = new AbortController()
  let leftMs = limits.totalMs
  async function inTime<T>(work: () => Promise<T>): Promise<T> {
    const begunMs = performance.now()
    try {
      return await within(leftMs, () => late.abort(), work)
    } finally {
      leftMs -= performance.now() - begunMs
    }
  }

  const response = await inTime(() => follow(uri, sources, limits, AbortSignal.any([signal, late.signal])))
  try {
    const encoding = response.headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity') throw badInput(`${shown(uri)} comes as ${encoding}: expected it uncompressed`)
    const chunks: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]()
    const giveUp = () => response.destroy(silent(uri, limits.idleMs))
    const read = () => inTime(() => within(limits.idleMs, giveUp, () => chunks.next()))
    for (let next = await read(); !next.done; next = await read()) yield next.value
    if (!response.complete) throw unavailable(`${shown(uri)} broke off`)
  } catch (error) {
    throw late.signal.aborted ? tookTooLong(uri, error) : asKnown(error, uri)
  } finally {
    response.destroy()
  }
}

/** @param giveUp called when the work takes longer; it makes the work fail */
async function within<T>(limitMs: number, giveUp: () => void, work: () => Promise<T>): Promise<T> {
  const limit = setTimeout(giveUp, limitMs)
  try {
    return await work()
  } finally {
    clearTimeout(limit)
  }
}

function silent(uri: string, idleMs: number): TrainyardError {
  return unavailable(`${shown(uri)} was silent for ${idleMs} ms`)
}

async function follow(
  uri: string,
  sources: readonly DatasetSource[],
  limits: WebLimits,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let next = uri
  for (let hop = 0; hop <= limits.redirects; hop += 1) {
    const location = locate(next, sources)
    if (location.kind === 'refused') throw badInput(hop === 0 ? location.reason : redirected(uri, location.reason))
    if (location.kind !== 'web') throw badInput(redirected(uri, `${shown(next)} is not on the web`))
    const response = await ask(location.url, location.allowPrivateAddresses, limits, signal)
    const status = response.statusCode ?? 0
    if (status === 200) return response
    response.destroy()
    if (!redirectStatuses.has(status)) {
      const answer = `${shown(next)} answered with status ${status}`
      throw retryableStatuses.has(status) ? unavailable(answer) : badInput(answer)
    }
    const target = response.headers.location
    if (target === undefined || !URL.canParse(target, location.url.href))
      throw badInput(`${shown(next)} redirects to nowhere`)
    next = new URL(target, location.url.href).href
  }
  throw badInput(`${shown(uri)} redirects more than ${limits.redirects} times`)
}

function redirected(uri: string, reason: string): string {
  return `${shown(uri)} redirects: ${reason}`
}

function ask(url: URL, allowPrivate: boolean, limits: WebLimits, signal: AbortSignal): Promise<IncomingMessage> {
  const bareHost = url.hostname.replace(/^\[|\]$/g, '')
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  // A literal address is not looked up, so it is judged here.
  const refusal = isIP(bareHost) === 0 ? undefined : refusalOf(bareHost, bareHost, allowPrivate)
  if (refusal) return Promise.reject(refusal)
  const options = {
    signal,
    // A connection of its own: one from a pool might have been opened under other rules.
    agent: false as const,
    timeout: limits.idleMs,
    lookup: guardedLookup(allowPrivate),
    headers: {
      accept: 'application/x-ndjson, application/jsonl, */*;q=0.1',
      'accept-encoding': 'identity',
      'user-agent': 'trainyard',
    },
  }
  // An `import` of node:http reads all its exports, and with them loads fetch and WebSocket, at every start.
  const web = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http')
  const request = web.request(url, options)
  request.once('response', (response) => {
    // From here on, silence is only what we wait for: a connection is quiet, too, while nobody takes its bytes.
    request.setTimeout(0)
    resolve(response)
  })
  request.on('error', (error) => reject(asKnown(error, url.href)))
  // As after 101, when Node gives the connection up without a word.
  request.once('close', () => reject(unavailable(`${shown(url.href)} closed the connection without an answer`)))
  request.once('timeout', () => request.destroy(silent(url.href, limits.idleMs)))
  request.end()
  return promise
}

/** Resolves and judges in one step: what is handed on is what will be connected to, so the name cannot mean another address later. */
function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const refusal = addresses
        .map(({ address }) => refusalOf(hostname, address, allowPrivate))
        .find((entry) => entry !== undefined)
      const [first] = addresses
      if (refusal) return callback(refusal, [])
      if (!first) return callback(unavailable(`${hostname} has no address`), [])
      if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

function refusalOf(hostname: string, address: string, allowPrivate: boolean): TrainyardError | undefined {
  const reach = reachOf(address)
  if (reach === 'public' || (reach === 'private' && allowPrivate)) return undefined
  const what = hostname === address ? address : `${hostname} (${address})`
  return badInput(
    reach === 'private'
      ? `${what} is a loopback or private address, and its datasetSources entry does not say allowPrivateAddresses`
      : `${what} is a link-local or reserved address; no dataset is fetched from there`,
  )
}

/** What the network did is worth another try, unless we said otherwise ourselves. */
function asKnown(error: unknown, uri: string): TrainyardError {
  if (error instanceof TrainyardError) return error
  const isLate = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
  if (isLate) return tookTooLong(uri, error)
  return unavailable(`${shown(uri)} cannot be read: ${messageOf(error)}`, { cause: error })
}

function tookTooLong(uri: string, cause: unknown): TrainyardError {
  return unavailable(`${shown(uri)} took too long`, { cause })
}
