/**
 * HTTP to the run API, one try at a time. Every end of a call that is not a success is one of the errors of `errors.ts`,
 * so that the callers need to know neither status codes nor sockets.
 */

import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { Interrupted, messageOf, NotOurs, Rejected, Unreachable } from './errors.ts'

export type Call = {
  method: 'GET' | 'POST' | 'PUT'
  /** Below the base URL, with the query. */
  path: string
  body?: { type: string; bytes: number; content: () => Buffer | Readable }
  signal: AbortSignal
}

export interface Transport {
  /** Resolves with an answer of success, its body still to be read. */
  send(call: Call): Promise<IncomingMessage>
  close(): void
}

export type TransportOptions = {
  baseUrl: string
  token: string
  /** W3C trace context, sent along when there is one. */
  traceparent: string | undefined
  /** A connection on which nothing moves for so long is given up. */
  idleMs?: number
}

export function createTransport({ baseUrl, token, traceparent, idleMs = 30_000 }: TransportOptions): Transport {
  // An `import` of node:http reads all its exports, and with them loads fetch and WebSocket: 15 ms of every start.
  const { Agent, request } = process.getBuiltinModule(baseUrl.startsWith('https:') ? 'node:https' : 'node:http')
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })

  function open({ method, path, body, signal }: Call): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(traceparent === undefined ? {} : { traceparent }),
        ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': body.bytes }),
      }
      const outgoing = request(`${baseUrl}${path}`, { method, headers, agent, signal, timeout: idleMs })
      const fail = (error: Error): void => {
        outgoing.destroy()
        reject(error)
      }
      outgoing.on('response', resolve)
      outgoing.on('error', (error) => {
        reject(
          signal.aborted
            ? new Interrupted(`${method} ${path} was cut short by a stop`)
            : new Unreachable(`${method} ${path}: ${error.message}`),
        )
      })
      outgoing.on('timeout', () => outgoing.destroy(new Error(`nothing moved for ${idleMs} ms`)))
      const content = body?.content()
      if (content === undefined || Buffer.isBuffer(content)) outgoing.end(content)
      else {
        content.on('error', fail).pipe(outgoing)
        // An early answer ends the call before all is read.
        outgoing.on('close', () => content.destroy())
      }
    })
  }

  return {
    async send(call) {
      const answer = await open(call)
      const status = answer.statusCode ?? 0
      if (status >= 200 && status < 300) return answer
      throw errorOf(call, status, await readText(answer).catch(() => ''))
    },
    close: () => agent.destroy(),
  }
}

/** The body as it comes; one that breaks off is an API out of reach. */
export async function* chunksOf(answer: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield chunk
  } catch (error) {
    throw new Unreachable(`the answer broke off: ${messageOf(error)}`)
  }
}

export async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of chunksOf(answer)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function errorOf(call: Call, status: number, body: string): Error {
  const { message, details } = errorIn(body)
  const said = `${call.method} ${call.path} was answered with ${status}${message === '' ? '' : `: ${message}`}`
  if (status >= 500 || status === 408 || status === 429) return new Unreachable(said)
  if (status === 401 || status === 409 || status === 410) return new NotOurs(said, details)
  return new Rejected(message === '' ? said : message)
}

/** The parts of `{ error: { message, details } }`; a proxy in between may answer anything else. */
function errorIn(body: string): { message: string; details: unknown } {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) {
      const { error } = parsed
      if (typeof error === 'object' && error !== null && 'message' in error) {
        return { message: String(error.message), details: 'details' in error ? error.details : undefined }
      }
    }
  } catch {
    // Not JSON: shown as it is.
  }
  return { message: body.slice(0, 300), details: undefined }
}
