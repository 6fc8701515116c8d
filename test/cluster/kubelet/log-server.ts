import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Certificate } from '../certificates.ts'
import type { ContainerLog, LogQuery } from './container-log.ts'

export interface LogServer {
  readonly port: number
  close(): Promise<void>
}

/** Gives a container's log, or says why there is none. */
export type FindLog = (where: {
  namespace: string
  pod: string
  container: string
  previous: boolean
}) => ContainerLog | string

/** What of a kubelet the API server asks for logs. */
export async function startLogServer({ certificate, key }: Certificate, find: FindLog): Promise<LogServer> {
  const server = createServer({ cert: certificate, key }, async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://kubelet')
    const [, namespace, pod, container] = /^\/containerLogs\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(pathname) ?? []
    if (namespace === undefined || pod === undefined || container === undefined) {
      response.writeHead(404).end()
      return
    }
    const log = find({ namespace, pod, container, previous: searchParams.get('previous') === 'true' })
    if (typeof log === 'string') {
      response.writeHead(400, { 'content-type': 'text/plain' }).end(log)
      return
    }
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders()
    // Whoever reads a log may leave at any time.
    await pipeline(Readable.from(log.read(queryOf(searchParams), gone.signal)), response).catch(() => {})
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  server.unref()
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

function queryOf(parameters: URLSearchParams): LogQuery {
  const number = (name: string) => (parameters.has(name) ? Number(parameters.get(name)) : undefined)
  const [sinceSeconds, sinceTime] = [number('sinceSeconds'), parameters.get('sinceTime')]
  return {
    follow: parameters.get('follow') === 'true',
    timestamps: parameters.get('timestamps') === 'true',
    tailLines: number('tailLines'),
    limitBytes: number('limitBytes'),
    since: sinceTime ? new Date(sinceTime) : sinceSeconds ? new Date(Date.now() - 1_000 * sinceSeconds) : undefined,
  }
}
