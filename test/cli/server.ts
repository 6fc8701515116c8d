import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { makeProgram, runProgram } from '../../services/cli/program.ts'
import { cleanup, type Ending } from '../harness/cleanup.ts'
import { fakeContext, fakeTerminal } from './terminal.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Answer {
  readonly status?: number
  readonly json?: unknown
  readonly text?: string
}

export interface FakeServer {
  readonly url: string
  readonly asked: readonly Asked[]
}

/** A server that answers by `METHOD /path`, without the query; anything else is not found, as a Trainyard says it. */
export async function fakeServer(t: Ending, answers: Readonly<Record<string, Answer | 'hangUp'>>): Promise<FakeServer> {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    asked.push({ method, path, headers, body: await textOf(request) })
    const answer = answers[`${method} ${path.split('?')[0]}`] ?? {
      status: 404,
      json: { error: { code: 'notFound', message: `there is nothing at ${path}` } },
    }
    if (answer === 'hangUp') return void response.destroy()
    response.statusCode = answer.status ?? 200
    response.end(answer.text ?? JSON.stringify(answer.json))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  cleanup(t, () => {
    server.closeAllConnections()
    return new Promise((closed) => server.close(closed))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

export interface Ran {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

/** The whole command line in this process, with a terminal that remembers what was printed. */
export async function trainyard(words: readonly string[], variables: Record<string, string> = {}): Promise<Ran> {
  const terminal = fakeTerminal()
  const context = { ...fakeContext(terminal, variables), now: () => new Date() }
  const exitCode = await runProgram(makeProgram(context, '1.2.3'), context, words)
  return { exitCode, out: terminal.outText(), err: terminal.errText() }
}
