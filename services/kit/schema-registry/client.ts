/** The part of Confluent's schema registry API that Trainyard speaks, over HTTP. */
import { z } from 'zod'
import type { AvroSchema } from '../../../schemas/avro.ts'
import { schemaRegistryType } from '../../../schemas/registry.ts'
import { badInput, broken, codeOf, messageOf, unavailable } from '../errors.ts'

const requestLimitMs = 5_000

const Reference = z.object({ name: z.string(), subject: z.string(), version: z.int() })
const Schema = z.object({
  schema: z.string(),
  schemaType: z.string().default('AVRO'),
  references: z.array(Reference).default([]),
})
const Registered = z.object({ id: z.int() })
const Fault = z.object({ error_code: z.int(), message: z.string() })

export type PublishedSchema = z.infer<typeof Schema>
export type SchemaReference = z.infer<typeof Reference>

export interface RegistryClient {
  /** Undefined when the registry has no schema of this id. */
  schema(id: number): Promise<PublishedSchema | undefined>
  version(reference: SchemaReference): Promise<PublishedSchema | undefined>
  /** The id of the schema; it becomes the subject's newest version if the subject does not have it yet. */
  register(subject: string, schema: AvroSchema): Promise<number>
}

/** @param url with the user and the password, where there are any */
export function openRegistryClient(url: string): RegistryClient {
  const { base, authorization } = partsOf(url)

  async function call(method: 'GET' | 'POST', path: string, body?: object): Promise<Response> {
    try {
      return await fetch(base + path, {
        method,
        headers: { accept: schemaRegistryType, 'content-type': schemaRegistryType, ...authorization },
        signal: AbortSignal.timeout(requestLimitMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    } catch (error) {
      throw away(`no schema registry answers at ${base} (${causeOf(error)})`, error)
    }
  }

  /** Undefined for one of the `missing` faults; any other fault may pass, or a person mends it: never the message's. */
  async function read<T>(response: Response, answer: z.ZodType<T>, missing: readonly number[]): Promise<T | undefined> {
    const text = await response.text().catch((error: unknown) => {
      throw away(`the schema registry at ${base} broke off its answer (${causeOf(error)})`, error)
    })
    if (response.ok) {
      const parsed = answer.safeParse(jsonOf(text))
      if (parsed.success) return parsed.data
      throw away(`what answers at ${response.url} is no schema registry`)
    }
    const fault = Fault.safeParse(jsonOf(text)).data
    if (fault && missing.includes(fault.error_code)) return undefined
    const said = fault?.message ?? `${response.status} ${response.statusText}`
    if (response.status === 401 || response.status === 403)
      throw away(`the schema registry at ${base} does not let us in: ${said}`)
    if (response.status === 409 || response.status === 422)
      throw badInput(`SCHEMA_REGISTRY_URL: the schema registry at ${base} refuses a schema: ${said}`)
    throw away(`the schema registry at ${base} fails: ${said}`)
  }

  return {
    schema: async (id) => await read(await call('GET', `/schemas/ids/${id}`), Schema, [40403]),
    version: async ({ subject, version }) =>
      await read(
        await call('GET', `/subjects/${encodeURIComponent(subject)}/versions/${version}`),
        Schema,
        [40401, 40402],
      ),
    async register(subject, schema) {
      const body = { schema: JSON.stringify(schema), schemaType: 'AVRO' }
      const response = await call('POST', `/subjects/${encodeURIComponent(subject)}/versions`, body)
      const registered = await read(response, Registered, [])
      if (registered === undefined) throw broken(`the schema registry at ${base} gave ${subject} no id`)
      return registered.id
    },
  }
}

const away = (message: string, cause?: unknown) => unavailable(`SCHEMA_REGISTRY_URL: ${message}`, { cause })

/** fetch takes no user and password in a URL. */
function partsOf(url: string): { base: string; authorization: { authorization?: string } } {
  const { username, password, origin, pathname } = new URL(url)
  const base = origin + pathname.replace(/\/+$/, '')
  if (username === '') return { base, authorization: {} }
  const credentials = `${decoded(username)}:${decoded(password)}`
  return { base, authorization: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    throw badInput('SCHEMA_REGISTRY_URL: its user or password holds a % that begins no escape', {
      hint: 'Write it as %25.',
      cause: error,
    })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** fetch says no more than "fetch failed"; its causes say why. */
function causeOf(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return causeOf(error.cause)
  return codeOf(error) ?? messageOf(error)
}
