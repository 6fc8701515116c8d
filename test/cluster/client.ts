import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { text as textOf } from 'node:stream/consumers'
import type { Kubeconfig } from './kubeconfig.ts'

/** What the API server answers when it refuses. */
export class Refusal extends Error {
  readonly status: number
  readonly reason: string

  constructor(question: string, status: number, answer: string) {
    const { reason = '', message = answer } = parsed(answer)
    super(`${question} was answered ${status} ${reason}: ${message}`)
    this.status = status
    this.reason = reason
  }
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const

/** A test's own way to the API server, past the code under test. Paths are those of the API, with their queries. */
export interface Client {
  get<T>(path: string): Promise<T>
  create<T>(path: string, body: object): Promise<T>
  replace<T>(path: string, body: object): Promise<T>
  patch<T>(path: string, body: object, type?: keyof typeof patchTypes): Promise<T>
  remove(path: string, options?: object): Promise<void>
  text(path: string): Promise<string>
  /** An answer that goes on and on. */
  stream(path: string, signal: AbortSignal): Promise<IncomingMessage>
  /** Ends what is under way, too. */
  close(): void
}

export async function openClient(kubeconfig: string): Promise<Client> {
  const { clusters, users } = JSON.parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig
  const [{ cluster }] = clusters
  const [{ user }] = users
  const agent = new Agent({ keepAlive: true })
  const authorization = 'token' in user ? { authorization: `Bearer ${user.token}` } : {}

  /** Anew each time: files may be replaced while we run, and the agent keeps connections apart by what is in them. */
  async function secrets(): Promise<object> {
    const ca = await readFile(cluster['certificate-authority'])
    if ('token' in user) return { ca }
    return { ca, cert: await readFile(user['client-certificate']), key: await readFile(user['client-key']) }
  }

  async function ask(method: string, path: string, given: Body, signal: AbortSignal): Promise<IncomingMessage> {
    const content = given && JSON.stringify(given.body)
    // Node says by itself how long a body is, except for one that goes with a deletion.
    const described = content && { 'content-type': given.type, 'content-length': Buffer.byteLength(content) }
    const headers = { ...authorization, ...described }
    const options = { ...(await secrets()), method, agent, headers, signal }
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(new URL(path, cluster.server), options, resolve)
      asked.once('error', reject)
      asked.end(content)
    })
    const { statusCode = 0 } = answer
    if (statusCode >= 200 && statusCode < 300) return answer
    throw new Refusal(`${method} ${path}`, statusCode, await textOf(answer))
  }

  async function text(method: string, path: string, given?: Body): Promise<string> {
    // A server that was stopped in the middle keeps its connections, and never answers.
    return await textOf(await ask(method, path, given, AbortSignal.timeout(15_000)))
  }

  async function json<T>(method: string, path: string, body?: object, type = 'application/json'): Promise<T> {
    return JSON.parse(await text(method, path, body && { body, type })) as T
  }

  return {
    get: (path) => json('GET', path),
    create: (path, body) => json('POST', path, body),
    replace: (path, body) => json('PUT', path, body),
    patch: (path, body, type = 'merge') => json('PATCH', path, body, patchTypes[type]),
    async remove(path, options) {
      await json('DELETE', path, options)
    },
    text: (path) => text('GET', path),
    stream: (path, signal) => ask('GET', path, undefined, signal),
    close: () => agent.destroy(),
  }
}

type Body = { readonly body: object; readonly type: string } | undefined

function parsed(answer: string): { reason?: string; message?: string } {
  try {
    return JSON.parse(answer) as { reason?: string; message?: string }
  } catch {
    return {}
  }
}
