import { type Codec, committedCodec, makeCodec } from '../../../schemas/codec.ts'
import { type RegisteredSchema, readRegistry, subjectOf, withoutDocs } from '../../../schemas/registry.ts'
import { openRegistryClient, type RegistryClient } from './client.ts'

/** What encodes and decodes Trainyard's own events; bytes that carry a committed id are read whoever gives the ids now. */
export async function openCodec(registryUrl: string | undefined): Promise<Codec> {
  if (registryUrl === undefined) return committedCodec
  const committed = readRegistry()
  return makeCodec([...(await registerSchemas(openRegistryClient(registryUrl), committed)), ...committed])
}

/**
 * The same schemas with the ids of a registry: each is registered there under the full name of its record, in the order
 * of the committed file, and keeps the id that it has where it is known already. Without docs: to a registry a better
 * doc would be another schema, and bytes with the id of the one before could no longer be read.
 */
async function registerSchemas(
  client: RegistryClient,
  committed: readonly RegisteredSchema[],
): Promise<RegisteredSchema[]> {
  const registered: RegisteredSchema[] = []
  for (const entry of committed) {
    const id = await client.register(subjectOf(entry.schema), withoutDocs(entry.schema))
    registered.push({ ...entry, id })
  }
  return registered
}
