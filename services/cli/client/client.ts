/** The one place that talks HTTP: every answer passes a zod schema, every fault becomes a sentence with its remedy. */
import { Readable } from 'node:stream'
import { z } from 'zod'
import { readValue } from '../../../schemas/problems.ts'
import { CommandFailure, systemCode } from '../failure.ts'
import { type Query, queryText } from './path.ts'

export interface ClientOptions {
  readonly url: string
  readonly token: string | undefined
  readonly signal?: AbortSignal
  /** What somebody names another server with. */
  readonly namedWith?: string
}

export interface Body {
  readonly type: string
  readonly content: string | Uint8Array | Readable
}

export interface Client {
  readonly url: string
  get<T>(path: string, answer: z.ZodType<T>, query?: Query): Promise<T>
  post<T>(path: string, answer: z.ZodType<T>, body: unknown): Promise<T>
  put<T>(path: string, answer: z.ZodType<T>, body: unknown): Promise<T>
  upload<T>(path: string, answer: z.ZodType<T>, body: Body): Promise<T>
  /** The bytes of an answer as they come: an empty chunk first, as soon as the server has answered. */
  bytes(path: string, query?: Query, signal?: AbortSignal): AsyncIterable<Uint8Array>
}

const UnknownRoute = z.object({ isRouteKnown: z.literal(false) })

/** A refusal by the server, with what it said; commands that expect one catch it by its code. */
export class Refusal extends CommandFailure {
  readonly status: number
  readonly code: string
  readonly details: unknown
  /** There is nobody there who answers such questions at all. */
  readonly isOfRoute: boolean

  constructor(status: number, code: string, message: string, hint: string | undefined, details: unknown) {
    super(message, hint === undefined ? {} : { next: hint })
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.details = details
    this.isOfRoute = UnknownRoute.safeParse(details).success
  }
}

const ErrorAnswer = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    details: z.unknown().optional(),
  }),
})

export function makeClient(options: ClientOptions): Client {
  const base = options.url.replace(/\/+$/, '')
  const { namedWith = '--url or TRAINYARD_URL' } = options

  async function call(method: string, path: string, body?: Body, signal = options.signal): Promise<Response> {
    try {
      const response = await fetch(base + path, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': body.type }),
          ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        },
        ...(signal === undefined ? {} : { signal }),
        ...bodyOf(body),
      })
      if (response.ok) return response
      throw await refusal(response, method, path, namedWith)
    } catch (error) {
      throw error instanceof CommandFailure || signal?.aborted ? error : unreachable(base, error, namedWith)
    }
  }

  async function json<T>(method: string, path: string, answer: z.ZodType<T>, body?: Body): Promise<T> {
    const response = await call(method, path, body)
    const text = await response.text().catch((error: unknown) => {
      throw options.signal?.aborted ? error : unreachable(base, error, namedWith)
    })
    const read = readValue(answer, text === '' ? undefined : parseJson(text), 'the whole')
    if (read.ok) return read.value
    throw new CommandFailure(`the answer to ${method} ${path} is not understood (${read.problems[0]})`, {
      next: `Is ${base} a Trainyard server of the same version as this command?`,
    })
  }

  const jsonBody = (value: unknown): Body => ({ type: 'application/json', content: JSON.stringify(value) })

  return {
    url: base,
    get: (path, answer, query = {}) => json('GET', path + queryText(query), answer),
    post: (path, answer, body) => json('POST', path, answer, jsonBody(body)),
    put: (path, answer, body) => json('PUT', path, answer, jsonBody(body)),
    upload: (path, answer, body) => json('POST', path, answer, body),
    async *bytes(path, query = {}, signal = options.signal) {
      const response = await call('GET', path + queryText(query), undefined, signal)
      yield new Uint8Array()
      if (response.body === null) return
      try {
        for await (const chunk of response.body) yield chunk
      } catch (error) {
        throw signal?.aborted ? error : unreachable(base, error, namedWith)
      }
    },
  }
}

function bodyOf(body: Body | undefined): { body?: string | Uint8Array<ArrayBuffer> | ReadableStream; duplex?: 'half' } {
  if (body === undefined) return {}
  if (body.content instanceof Readable) return { body: Readable.toWeb(body.content) as ReadableStream, duplex: 'half' }
  return { body: typeof body.content === 'string' ? body.content : new Uint8Array(body.content) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function refusal(response: Response, method: string, path: string, namedWith: string): Promise<CommandFailure> {
  const { origin } = new URL(response.url)
  const parsed = ErrorAnswer.safeParse(parseJson(await response.text()))
  if (!parsed.success) {
    return new CommandFailure(`${method} ${path} was answered with ${response.status} and no explanation`, {
      next: `Is ${origin} a Trainyard server?`,
    })
  }
  const { code, message, hint, details } = parsed.data.error
  if (UnknownRoute.safeParse(details).success) {
    const next = `${origin} runs other services, or is of another version: name another with ${namedWith}.`
    return new Refusal(response.status, code, message, next, details)
  }
  return new Refusal(response.status, code, message, hint, details)
}

/** The server can't be reached, or went away in the middle of its answer. */
export class Unreachable extends CommandFailure {}

function unreachable(base: string, error: unknown, namedWith: string): CommandFailure {
  const code = systemCode(error)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new Unreachable(`there is no host named ${new URL(base).hostname}`, {
      next: `Check ${namedWith}.`,
      cause: error,
    })
  }
  const why = code === 'ECONNREFUSED' ? 'no server answers' : `the server does not answer (${code ?? innermost(error)})`
  return new Unreachable(`${why} at ${base}`, {
    next: `Start one with "trainyard dev", or name another with ${namedWith}.`,
    cause: error,
  })
}

/** fetch says no more than "fetch failed"; its causes say why. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : innermost(error.cause)
}
