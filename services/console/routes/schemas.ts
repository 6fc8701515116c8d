import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  digestOfSchema,
  type RegisteredSchema,
  readRegistry,
  schemaRegistryType,
  subjectOf,
} from '../../../schemas/registry.ts'
import type { Digest } from '../../../schemas/words.ts'
import type { HttpApp } from '../../kit/http/app.ts'

/** Anybody may ask, also without a token; our schemas have a few kilobytes. */
const bodyLimitBytes = 64 * 1024

/** What a registry's clients know faults by. */
class RegistryFault extends Error {
  readonly status: number
  readonly errorCode: number

  constructor(errorCode: number, message: string) {
    super(message)
    this.name = 'RegistryFault'
    this.status = Math.trunc(errorCode / 100)
    this.errorCode = errorCode
  }
}

const Subject = z.object({ subject: z.string() })
const Version = Subject.extend({ version: z.string().describe('A number, or `latest`.') })
const Id = z.object({ id: z.string() })
const Registered = z.object({ subject: z.string(), version: z.int(), id: z.int(), schema: z.string() })
const Lookup = z.object({ schema: z.string() })

/**
 * The read endpoints of Confluent's schema registry, over the committed schemas: so that its stock deserialisers work
 * against this server. Nothing can be registered here; `schemas/generate.ts` gives the ids.
 */
export function schemaRoutes(app: HttpApp): void {
  const registered = readRegistry()
  const bySubject = Map.groupBy(registered, ({ schema }) => subjectOf(schema))

  const withId = (id: string): RegisteredSchema =>
    registered.find((entry) => String(entry.id) === id) ?? fail(40403, `Schema ${id} not found`)

  const versionsOf = (subject: string): readonly RegisteredSchema[] =>
    bySubject.get(subject) ?? fail(40401, `Subject '${subject}' not found.`)

  function versionOf(subject: string, version: string): RegisteredSchema {
    const versions = versionsOf(subject)
    if (!/^(latest|-1|[1-9][0-9]*)$/.test(version))
      fail(42202, `The version '${version}' is no number and not 'latest'`)
    const wanted = /^(latest|-1)$/.test(version)
      ? versions.at(-1)
      : versions.find((each) => `${each.version}` === version)
    return wanted ?? fail(40402, `Version ${version} of '${subject}' not found.`)
  }

  void app.register(async (scope: HttpApp) => {
    scope.setErrorHandler(answerFault)
    scope.addHook('preHandler', async (_request, reply) => {
      reply.type(schemaRegistryType)
    })

    scope.get('/schemas/types', route('The kinds of schemas', z.object({}), z.array(z.string())), async () => ['AVRO'])
    scope.get(
      '/schemas/ids/:id',
      route('The schema that bytes name by its id', Id, z.object({ schema: z.string() })),
      async ({ params }) => ({ schema: textOf(withId(params.id)) }),
    )
    scope.get(
      '/schemas/ids/:id/versions',
      route('The subject and version of a schema', Id, z.array(Subject.extend({ version: z.int() }))),
      async ({ params }) => [withId(params.id)].map(({ schema, version }) => ({ subject: subjectOf(schema), version })),
    )
    scope.get('/subjects', route('The full names of all records', z.object({}), z.array(z.string())), async () => [
      ...bySubject.keys(),
    ])
    scope.get(
      '/subjects/:subject/versions',
      route('The versions of a record', Subject, z.array(z.int())),
      async ({ params }) => versionsOf(params.subject).map(({ version }) => version),
    )
    scope.get(
      '/subjects/:subject/versions/:version',
      route('One version of a record', Version, Registered),
      async ({ params }) => viewOf(versionOf(params.subject, params.version)),
    )
    scope.post(
      '/subjects/:subject',
      {
        bodyLimit: bodyLimitBytes,
        schema: { ...route('The id of a schema, if the record has it', Subject, Registered).schema, body: z.unknown() },
      },
      async ({ params, body }) => {
        const versions = versionsOf(params.subject)
        const digest = digestIn(body)
        return viewOf(versions.find((entry) => entry.digest === digest) ?? fail(40403, 'Schema not found'))
      },
    )
  })
}

function route<P extends z.ZodObject, A extends z.ZodType>(summary: string, params: P, answer: A) {
  return { schema: { summary, tags: ['schemas'], params, response: { 200: answer } } }
}

function answerFault(error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  if (!(error instanceof RegistryFault)) throw error
  void reply.status(error.status).type(schemaRegistryType).send({ error_code: error.errorCode, message: error.message })
}

function fail(errorCode: number, message: string): never {
  throw new RegistryFault(errorCode, message)
}

const textOf = ({ schema }: RegisteredSchema): string => JSON.stringify(schema)

function viewOf(entry: RegisteredSchema): z.infer<typeof Registered> {
  const { version, id, schema } = entry
  return { subject: subjectOf(schema), version, id, schema: textOf(entry) }
}

/** Clients send it as JSON with a content type of the registry's own, which the server leaves as bytes. */
function digestIn(body: unknown): Digest {
  try {
    const { schema } = Lookup.parse(body instanceof Uint8Array ? JSON.parse(Buffer.from(body).toString('utf8')) : body)
    // Here, too: what is nested too deeply is no schema.
    return digestOfSchema(JSON.parse(schema))
  } catch {
    return fail(42201, 'Expected a JSON object whose "schema" is an Avro schema as a text')
  }
}
