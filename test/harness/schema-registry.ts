import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import avro, { type Schema } from 'avsc'
import { frame } from '../../schemas/confluent-frame.ts'
import { schemaRegistryType } from '../../schemas/registry.ts'
import { cleanup, type Ending } from './cleanup.ts'

export interface HeldSchema {
  readonly schema: unknown
  readonly schemaType?: string
  readonly references?: readonly { readonly name: string; readonly subject: string; readonly version: number }[]
}

/** A schema registry in the test's hand: what it holds, whom it asks for a password, and whether it answers. */
export interface TestRegistry {
  readonly url: string
  /** Every request, as `GET /schemas/ids/1`. */
  readonly asked: string[]
  readonly byId: Map<number, HeldSchema>
  /** By `subject/version`. */
  readonly bySubject: Map<string, HeldSchema>
  /** What a registration is answered with in place of an id. */
  refusal: { readonly status: number; readonly message: string } | undefined
  authorization: string | undefined
  away: boolean
}

export async function testRegistry(t: Ending): Promise<TestRegistry> {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    registry.asked.push(`${request.method} ${path}`)
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': schemaRegistryType }).end(JSON.stringify(body))
    }
    if (registry.away) return answer(503, { error_code: 50301, message: 'not now' })
    if (request.headers.authorization !== registry.authorization)
      return answer(401, { error_code: 401, message: 'who?' })
    if (request.method === 'POST') return answer(...registered(path, JSON.parse(await textOf(request))))
    const [, id] = /^\/schemas\/ids\/(\d+)$/.exec(path) ?? []
    if (id !== undefined) return answer(...held(registry.byId.get(Number(id)), 40403))
    const [, subject, version] = /^\/subjects\/(.+)\/versions\/(\d+)$/.exec(path) ?? []
    return answer(...held(registry.bySubject.get(`${subject}/${version}`), 40402))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  cleanup(t, () => {
    server.closeAllConnections()
    return new Promise((closed) => server.close(closed))
  })

  function registered(path: string, body: { schema: string }): [number, object] {
    if (registry.refusal) return [registry.refusal.status, { error_code: registry.refusal.status, ...registry.refusal }]
    const subject = path.split('/')[2] ?? ''
    const known = [...registry.byId].find(([, { schema }]) => JSON.stringify(schema) === body.schema)
    const id = known?.[0] ?? 100 + registry.byId.size
    registry.byId.set(id, { schema: JSON.parse(body.schema) })
    registry.bySubject.set(`${subject}/1`, { schema: JSON.parse(body.schema) })
    return [200, { id }]
  }

  const registry: TestRegistry = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    byId: new Map(),
    bySubject: new Map(),
    refusal: undefined,
    authorization: undefined,
    away: false,
  }
  return registry
}

function held(schema: HeldSchema | undefined, missing: number): [number, object] {
  if (schema === undefined) return [404, { error_code: missing, message: 'not found' }]
  return [200, { ...schema, schema: JSON.stringify(schema.schema) }]
}

/** What a stock serialiser writes. */
export function framed(id: number, schema: Schema, value: unknown, registry: Record<string, avro.Type> = {}): Buffer {
  return frame(id, avro.Type.forSchema(schema, { registry, wrapUnions: 'auto' }).toBuffer(value))
}
