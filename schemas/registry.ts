/**
 * Every schema that was ever in use, with the id that its bytes carry. `ids.json` is append-only; each entry's schema lies
 * in `history/<type>/<version>.avsc`. Both are committed, so bytes can be read without a schema registry server.
 */

import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { type AvroRecord, type AvroSchema, isUnion, withNamesDefinedOnce } from './avro.ts'
import { canonicalJson, Digest, digestOf } from './words.ts'

export const schemasFolder = new URL('./', import.meta.url)

export const IdEntry = z.strictObject({
  id: z.int().min(1),
  type: z.string(),
  version: z.int().min(1),
  digest: Digest.describe('Of the schema without its docs.'),
})
export type IdEntry = z.infer<typeof IdEntry>

export type RegisteredSchema = IdEntry & { schema: AvroSchema }

/** How a schema registry's requests and answers are written. */
export const schemaRegistryType = 'application/vnd.schemaregistry.v1+json'

const namespace = 'dev.trainyard.v1'

/** The schema of an event as it is written to the history. */
export function publishedSchema(record: AvroRecord<unknown>): AvroSchema {
  const { schema } = record
  return withNamesDefinedOnce({ ...schema, namespace })
}

/** What bytes depend on; a doc may be put better without a new version. */
export function withoutDocs(schema: AvroSchema): AvroSchema {
  return JSON.parse(JSON.stringify(schema, (key, value) => (key === 'doc' ? undefined : value)))
}

/** Equal for schemas that read and write the same. */
export function digestOfSchema(schema: AvroSchema): Digest {
  return digestOf(canonicalJson(withoutDocs(schema)))
}

/** Where a schema registry keeps the versions of a schema: the full name of its record (RecordNameStrategy). */
export function subjectOf(schema: AvroSchema): string {
  if (typeof schema === 'string' || isUnion(schema) || schema.type !== 'record') {
    throw new Error(`the schema of an event is a record, not ${JSON.stringify(schema).slice(0, 100)}`)
  }
  return `${schema.namespace ?? namespace}.${schema.name}`
}

export function historyFile(entry: { type: string; version: number }): string {
  return `history/${entry.type}/${entry.version}.avsc`
}

/** Throws when a file is missing or isn't the schema that its entry names. */
export function readRegistry(folder: URL = schemasFolder): RegisteredSchema[] {
  const entries = z.array(IdEntry).parse(JSON.parse(readFileSync(new URL('ids.json', folder), 'utf8')))
  return entries.map((entry) => {
    const file = historyFile(entry)
    const schema: AvroSchema = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
    if (digestOfSchema(schema) !== entry.digest) {
      throw new Error(`schemas/${file} was changed after it had been in use; restore it from the repository's history`)
    }
    return { ...entry, schema }
  })
}
