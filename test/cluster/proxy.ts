import { readFile } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import type { Cluster } from './cluster.ts'
import type { Kubeconfig } from './kubeconfig.ts'

export interface Asked {
  readonly method: string
  /** With its query. */
  readonly path: string
}

export type Fault =
  /** Answered here, as by an API server that has too much to do. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body: object }
  /** Done, and the connection is cut before a word of the answer. */
  | 'loseReply'

/** A way to the API server that can go wrong as networks do. */
export interface ApiProxy {
  readonly url: string
  /** What is to go wrong with a request; one that is kept waiting goes on once this resolves. */
  fault: (asked: Asked) => Fault | undefined | Promise<Fault | undefined>
  readonly asked: readonly Asked[]
  /** Of the watches that are open now not a word more comes through, nor does anybody learn that they are dead. */
  silenceWatches(): void
}

export async function startProxy(t: Ending, cluster: Cluster): Promise<ApiProxy> {
  const { certificate, key } = await cluster.issue({ user: 'proxy' })
  const agent = new Agent({ keepAlive: true })
  const asked: Asked[] = []
  const watches = new Set<IncomingMessage>()

  /** Resolves once the API server has begun to answer. */
  async function forward({ method, url = '/', headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const ca = await readFile(cluster.authority)
    const own: IncomingHttpHeaders = { ...headers, host: new URL(cluster.url).host }
    return await new Promise((resolve, reject) => {
      const there = request(new URL(url, cluster.url), { method, headers: own, agent, ca }, resolve)
      there.once('error', reject)
      there.end(body)
    })
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const question = { method: incoming.method ?? '', path: incoming.url ?? '' }
    asked.push(question)
    const body = await buffer(incoming)
    const fault = await proxy.fault(question)
    if (typeof fault === 'object') {
      const headers = { 'content-type': 'application/json', ...fault.headers }
      response.writeHead(fault.status, headers).end(JSON.stringify(fault.body))
      return
    }
    const answer = await forward(incoming, body)
    if (fault === 'loseReply') {
      await buffer(answer)
      incoming.socket.destroy()
      return
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers).flushHeaders()
    if (question.path.includes('watch=true')) watches.add(answer)
    await pipeline(answer, response).finally(() => watches.delete(answer))
  }

  const server = createServer({ cert: certificate, key }, (incoming, response) => {
    // An API server that is away is so for whoever asks here, too.
    serve(incoming, response).catch(() => incoming.socket.destroy())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  server.unref()
  cleanup(t, () => {
    server.closeAllConnections()
    server.close()
    agent.destroy()
  })
  const proxy: ApiProxy = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => undefined,
    asked,
    silenceWatches() {
      for (const watch of watches) {
        watch.unpipe()
        watch.pause()
      }
    },
  }
  return proxy
}

/** The text of the kubeconfig for the same user on this way. */
export async function throughProxy(kubeconfig: string, { url }: ApiProxy): Promise<string> {
  const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig
  const [{ name, cluster }] = config.clusters
  return JSON.stringify({ ...config, clusters: [{ name, cluster: { ...cluster, server: url } }] })
}

/** Whether a Job is to be made. */
export const createsJob = ({ method, path }: Asked): boolean => method === 'POST' && /\/jobs(\?|$)/.test(path)
