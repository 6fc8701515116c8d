import { Readable } from 'node:stream'
import swagger from '@fastify/swagger'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  fastify,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import { jsonSchemaTransform, serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Registry } from 'prom-client'
import { z } from 'zod'
import type { Environment } from '../environment.ts'
import { broken, classify, malformed, notFound, TrainyardError, tooLarge } from '../errors.ts'
import type { Logger } from '../log.ts'
import { makeGuard } from './guard.ts'
import { leavable, lingerAfterAnswers } from './linger.ts'
import { validate } from './validate.ts'

export type HttpApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

export interface HttpOptions {
  readonly environment: Environment
  readonly log: Logger
  readonly metrics: Registry
  /** Whether the server can do its work now; a false one says why. */
  ready(): Promise<{ ready: true } | { ready: false; reason: string }>
}

const bodyLimitBytes = 16 * 1024 * 1024

/** The HTTP server that services add their routes to: zod-typed, guarded, with one shape of error and an OpenAPI document. */
export async function makeHttpApp(options: HttpOptions): Promise<HttpApp> {
  const { log, metrics } = options
  const app: HttpApp = fastify({
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 300 },
    // Fastify's own compilers of JSON Schema are neither used nor loaded: they are a sixth of what a service loads.
    schemaController: { compilersFactory: { buildValidator: neverBuilt, buildSerializer: neverBuilt } },
    // What no route is found for because the path itself is wrong comes here, past the error handler below.
    frameworkErrors: (error, _request, reply) => {
      const known = asTrainyardError(error)
      reply.raw.writeHead(known.status, { 'content-type': 'application/json; charset=utf-8' })
      reply.raw.end(JSON.stringify(errorBody(known)))
    },
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler<z.ZodType>(
    ({ schema }) =>
      (value) =>
        validate(schema, value),
  )
  app.setSerializerCompiler(serializerCompiler)
  parseBodies(app)
  lingerAfterAnswers(app)

  const refuse = makeGuard(options.environment)
  app.addHook('onRequest', async (request) => {
    const { host, origin, authorization } = request.headers
    const refusal = refuse({ method: request.method, path: request.url, host, origin, authorization })
    if (refusal) throw refusal
  })
  app.addHook('preValidation', async ({ routeOptions, body, headers }) => {
    const expected = routeOptions.schema?.body
    const isJson = !(body instanceof Uint8Array || body instanceof Readable)
    if (isJson || expected === undefined || expected instanceof z.ZodUnknown) return
    const got = headers['content-type'] ?? 'none'
    throw malformed(`expected a body of JSON with the content type application/json, got ${got}`)
  })

  app.setErrorHandler((error, request, reply) => {
    const known = asTrainyardError(error, request.routeOptions.bodyLimit)
    if (known.code === 'broken')
      log.error(
        { request: request.id, path: request.url, error: known.message, stack: known.stack },
        'a request failed',
      )
    if (reply.raw.headersSent) {
      reply.raw.destroy()
      return
    }
    // What nobody meant to say may quote anything: it is for the log alone.
    const unforeseen = known.code === 'broken' && known !== error
    const said = unforeseen ? broken('the server failed', { hint: `Its log says why, at ${request.id}.` }) : known
    void reply.status(known.status).send(errorBody(said))
  })
  app.setNotFoundHandler((request) => {
    throw notFound(`there is nothing at ${request.method} ${request.url.split('?')[0]}`, {
      hint: 'This server may run other services, or be of another version: GET /openapi.json lists what it answers.',
      details: { isRouteKnown: false },
    })
  })

  await app.register(swagger, {
    openapi: {
      info: { title: 'Trainyard', description: 'Retrains the model of a bot whenever the bot changes.', version: '1' },
    },
    transform: jsonSchemaTransform,
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.get('/health/live', { schema: { hide: true } }, async () => ({ live: true }))
  app.get('/health/ready', { schema: { hide: true } }, async (_request, reply) => {
    const state = await options.ready()
    return reply.status(state.ready ? 200 : 503).send(state)
  })
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  )
  return app
}

function neverBuilt(): never {
  throw broken('a compiler of schemas was asked for beside those of zod')
}

function errorBody(error: TrainyardError): {
  error: { code: string; message: string; hint?: string; details?: unknown }
} {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.details === undefined ? {} : { details: error.details }),
    },
  }
}

function parseBodies(app: HttpApp): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'],
    { parseAs: 'buffer' },
    (_request, body, done) => {
      try {
        const text = new TextDecoder('utf-8', { fatal: true }).decode(body as Buffer)
        done(null, text === '' ? undefined : JSON.parse(text))
      } catch (error) {
        done(malformed(`the body is not JSON in UTF-8: ${error instanceof Error ? error.message : error}`))
      }
    },
  )
  // What can be large is never held whole: the route reads the stream and keeps its own limit.
  app.addContentTypeParser(
    ['application/x-ndjson', 'application/jsonl', 'application/octet-stream'],
    (_request, payload, done) => done(null, leavable(payload)),
  )
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

function asTrainyardError(error: unknown, limitBytes = bodyLimitBytes): TrainyardError {
  if (error instanceof TrainyardError) return error
  if (typeof error === 'object' && error !== null && 'statusCode' in error && 'message' in error) {
    const message = String(error.message)
    if (error.statusCode === 413) return tooLarge(`the body is larger than ${limitBytes} bytes`, { cause: error })
    if (typeof error.statusCode === 'number' && error.statusCode < 500) return malformed(message, { cause: error })
  }
  return classify(error)
}
