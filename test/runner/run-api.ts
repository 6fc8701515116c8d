import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { StoredFile } from '../../schemas/files.ts'
import {
  ClaimRequest,
  type ClaimResponse,
  CommitRequest,
  EndRequest,
  HeartbeatRequest,
  ModelRequest,
} from '../../schemas/run-api.ts'
import { type AttemptName, AttemptName as AttemptNameSchema, Digest, digestOf } from '../../schemas/words.ts'
import { cleanup } from '../harness/cleanup.ts'
import { eventually } from '../harness/eventually.ts'

export const attemptName: AttemptName = AttemptNameSchema.parse('run-abcdefghij-1')
export const token = 'the-token-of-this-attempt'

/** How the server answers instead of as it should; `dropReply` does the work and loses the answer. */
export type Misbehaviour = 'hangUp' | 'dropReply' | { status: number; code?: string } | undefined

/** One attempt's run API, by its rules and no further, that can be told to misbehave. Tests read its fields. */
export interface RunApiServer {
  readonly url: string
  readonly blobs: Map<string, Buffer>
  readonly calls: string[]
  readonly progress: (number | null)[]
  claim: ClaimResponse
  claimedBy: string | undefined
  log: Buffer
  model: StoredFile[] | undefined
  committed: CommitRequest | undefined
  ended: EndRequest | undefined
  /** Told with the next heartbeat. */
  stop: string | null
  misbehave: (call: string, count: number) => Misbehaviour
  put(path: string, content: string): StoredFile
  /** Takes the server off its port; `comeBack` puts it there again. */
  goAway(): Promise<void>
  comeBack(): Promise<void>
}

export const texts = [1, 2, 3]
  .map((id) => JSON.stringify({ id: String(id), text: `text ${id}` }))
  .join('\n')
  .concat('\n')

export async function startRunApi(t: Pick<TestContext, 'after'>): Promise<RunApiServer> {
  const blobs = new Map<string, Buffer>()
  const counts = new Map<string, number>()

  function put(path: string, content: string): StoredFile {
    const digest = digestOf(content)
    blobs.set(digest, Buffer.from(content))
    return { path, digest, bytes: Buffer.byteLength(content) }
  }

  let server = await listen(0)
  const { port } = server.address() as AddressInfo
  const api: RunApiServer = {
    url: `http://127.0.0.1:${port}`,
    blobs,
    calls: [],
    progress: [],
    claim: trainingClaim([put('train.jsonl', '{"id":"a","text":"hello","intent":"greeting"}\n')]),
    claimedBy: undefined,
    log: Buffer.alloc(0),
    model: undefined,
    committed: undefined,
    ended: undefined,
    stop: null,
    misbehave: () => undefined,
    put,
    async goAway() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
    async comeBack() {
      server = await listen(port)
    },
  }
  cleanup(t, () => {
    server.close()
    server.closeAllConnections()
  })

  async function listen(at: number): Promise<Server> {
    const opened = createServer((request, response) => void handle(request, response))
    opened.listen(at, '127.0.0.1')
    await once(opened, 'listening')
    return opened
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', api.url)
    const below = url.pathname.replace(`/run-api/v1/attempts/${attemptName}`, '')
    const call = `${request.method} ${below.replace(/sha256:.*/, ':digest')}`
    const count = (counts.get(call) ?? 0) + 1
    counts.set(call, count)
    const misbehaviour = api.misbehave(call, count)
    if (misbehaviour === 'hangUp') return void request.socket.destroy()
    api.calls.push(call)
    const body = await read(request)
    const answer =
      typeof misbehaviour === 'object'
        ? refuse(misbehaviour.status, misbehaviour.code ?? 'told', 'as the test told')
        : request.headers.authorization === `Bearer ${token}`
          ? answerTo(call, url, body)
          : refuse(401, 'unauthorized', 'wrong token')
    if (misbehaviour === 'dropReply') return void request.socket.destroy()
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
  }

  function answerTo(call: string, url: URL, body: Buffer): { status: number; body: string | Buffer } {
    const json = (): unknown => JSON.parse(body.toString())
    const digest = url.pathname.split('/').at(-1) ?? ''
    if (call === 'GET /blobs/:digest') {
      const blob = blobs.get(digest)
      return blob ? { status: 200, body: blob } : refuse(404, 'notFound', 'no such blob')
    }
    const runner = call.startsWith('PUT') ? url.searchParams.get('runner') : (json() as { runner: string }).runner
    if (call === 'POST /claim') api.claimedBy ??= ClaimRequest.parse(json()).runner
    if (runner !== api.claimedBy) return refuse(409, 'conflict', 'another runner has claimed this attempt')
    if (call === 'POST /claim') return ok(api.claim)
    if (call === 'POST /commit') {
      api.committed = CommitRequest.parse(json())
      return ok({ committed: true })
    }
    if (call === 'POST /end') {
      api.ended = EndRequest.parse(json())
      return ok({ ended: true })
    }
    if (api.committed || api.ended) return refuse(410, 'gone', 'the attempt has ended')
    switch (call) {
      case 'POST /heartbeat':
        api.progress.push(HeartbeatRequest.parse(json()).progress)
        return ok({ stop: api.stop })
      case 'PUT /logs':
        return storeLog(Number(url.searchParams.get('offset')), body)
      case 'PUT /blobs/:digest':
        if (`sha256:${createHash('sha256').update(body).digest('hex')}` !== digest)
          return refuse(400, 'malformed', 'digest')
        blobs.set(digest, body)
        return ok({ digest: Digest.parse(digest), bytes: body.length })
      case 'POST /model': {
        api.model = ModelRequest.parse(json()).files
        const { digest, bytes } = put('texts.jsonl', texts)
        return ok({ model: digestOf('the model'), texts: { digest, bytes } })
      }
      default:
        return refuse(404, 'notFound', call)
    }
  }

  function storeLog(offset: number, body: Buffer): { status: number; body: string } {
    if (offset > api.log.length) return refuse(409, 'conflict', 'a gap', { expectedOffset: api.log.length })
    const fresh = body.subarray(api.log.length - offset)
    api.log = Buffer.concat([api.log, fresh])
    return ok({ nextOffset: api.log.length })
  }

  return api
}

/** The numbers of the first line that the program prints: its process ids, by which it is followed. */
export async function printedNumbers(api: RunApiServer): Promise<[number, number]> {
  const [first = 0, second = 0] = await eventually(
    () => api.log.length > 0 && api.log.toString().split(/\s/).map(Number),
  )
  return [first, second]
}

function trainingClaim(inputs: StoredFile[]): ClaimResponse {
  const spec = {
    contractVersion: 1,
    bot: 'bot-1',
    jobType: 'intents',
    generation: 1,
    run: 'run-abcdefghij',
    attempt: 1,
    seed: 7,
    timeBudgetSeconds: 60,
    hyperparameters: {},
    intents: ['greeting'],
  }
  return {
    kind: 'train',
    spec: spec as ClaimResponse['spec'],
    inputs,
    deadlineMs: 60_000,
    graceMs: 5_000,
    heartbeatMs: 50,
    logLimitBytes: 1_000_000,
  }
}

const ok = (body: unknown): { status: number; body: string } => ({ status: 200, body: JSON.stringify(body) })

function refuse(status: number, code: string, message: string, details?: unknown): { status: number; body: string } {
  return { status, body: JSON.stringify({ error: { code, message, details } }) }
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}
