/**
 * Readers of what others wrote in Avro, by the id that the registry gave to its schema.
 *
 * Invariants:
 * - whatever asks for an id while it is being fetched waits for that one request;
 * - what is kept is bounded: the schema that was used longest ago goes first;
 * - a registry that is away is no answer: nothing is kept of it. That an id is unknown is kept for a while, so that
 *   many messages with it do not ask as many times, and one that is registered after all is found.
 */
import { type ForeignReader, foreignReader } from '../../../schemas/foreign-avro.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { PublishedSchema, RegistryClient, SchemaReference } from './client.ts'

const keptSchemas = 1_000
const unknownForMs = 10_000
const mostReferences = 100

/** Why no reader can be had: with the schema itself, not with the registry. */
export type NoReader = { readonly problem: string }

export type Readers = (id: number) => Promise<ForeignReader | NoReader>

type Entry = { readonly reader: ReturnType<Readers>; untilMs: number }

export function makeReaders(client: RegistryClient, clock: Clock, kept = keptSchemas): Readers {
  const entries = new Map<number, Entry>()

  function fetched(id: number): ReturnType<Readers> {
    const entry: Entry = { reader: fetchReader(client, id), untilMs: Number.POSITIVE_INFINITY }
    entries.set(id, entry)
    entry.reader.then(
      (reader) => {
        if ('problem' in reader) entry.untilMs = clock.now().getTime() + unknownForMs
      },
      () => {
        if (entries.get(id) === entry) entries.delete(id)
      },
    )
    for (const oldest of entries.keys()) {
      if (entries.size <= kept) break
      entries.delete(oldest)
    }
    return entry.reader
  }

  return async (id) => {
    const entry = entries.get(id)
    if (entry === undefined || entry.untilMs <= clock.now().getTime()) return await fetched(id)
    // To the young end of the map.
    entries.delete(id)
    entries.set(id, entry)
    return await entry.reader
  }
}

async function fetchReader(client: RegistryClient, id: number): Promise<ForeignReader | NoReader> {
  const schema = await client.schema(id)
  if (schema === undefined) return { problem: `the schema registry knows no schema ${id}` }
  const { schemaType } = schema
  if (schemaType !== 'AVRO') return { problem: `schema ${id} is of the kind ${schemaType}, and only AVRO is read` }
  const referenced = await referencedBy(client, schema)
  if (!Array.isArray(referenced)) return { problem: `schema ${id}: ${referenced.problem}` }
  try {
    return foreignReader(schema.schema, referenced)
  } catch (error) {
    return { problem: `schema ${id} cannot be used: ${messageOf(error)}` }
  }
}

/** Every schema that this one names, and that those name in turn, each after what it names itself. */
async function referencedBy(client: RegistryClient, { references }: PublishedSchema): Promise<string[] | NoReader> {
  const texts = new Map<string, string>()
  const open = new Set<string>()

  async function add(reference: SchemaReference): Promise<string | undefined> {
    const place = `${reference.subject}, version ${reference.version}`
    if (open.has(place)) return undefined
    open.add(place)
    if (open.size > mostReferences) return `it refers to more than ${mostReferences} others`
    const found = await client.version(reference)
    if (found === undefined) return `the schema registry lacks ${place}, which it refers to`
    const problem = await addAll(found.references)
    texts.set(place, found.schema)
    return problem
  }

  async function addAll(all: readonly SchemaReference[]): Promise<string | undefined> {
    for (const reference of all) {
      const problem = await add(reference)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  const problem = await addAll(references)
  return problem === undefined ? [...texts.values()] : { problem }
}
