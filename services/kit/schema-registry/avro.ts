/** What a message holds that is Avro in the Confluent frame, read by the schema that it was written with. */
import { frameProblem, unframe } from '../../../schemas/confluent-frame.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { openRegistryClient } from './client.ts'
import { makeReaders } from './readers.ts'

/** The value as plain JSON, with the full name of its record; or why the bytes can't be read, now or ever. */
export type AvroReading = { readonly name: string; readonly value: unknown } | { readonly problem: string }

/** Rejects with an error that says so when the registry is away; then the same bytes may be readable later. */
export type ReadAvro = (bytes: Uint8Array) => Promise<AvroReading>

export function makeReadAvro(registryUrl: string | undefined, clock: Clock): ReadAvro {
  if (registryUrl === undefined) {
    return async (bytes) => ({
      problem:
        unframe(bytes) === undefined
          ? frameProblem
          : 'it names its schema by an id, and SCHEMA_REGISTRY_URL is not set',
    })
  }
  const readers = makeReaders(openRegistryClient(registryUrl), clock)
  return async (bytes) => {
    const framed = unframe(bytes)
    if (framed === undefined) return { problem: frameProblem }
    const { schemaId, body } = framed
    const reader = await readers(schemaId)
    if ('problem' in reader) return reader
    try {
      return { name: reader.name, value: reader.read(body) }
    } catch (error) {
      return { problem: `the bytes are not ${reader.name} of schema ${schemaId}: ${messageOf(error)}` }
    }
  }
}
